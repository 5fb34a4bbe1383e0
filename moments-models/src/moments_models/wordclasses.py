"""Lists word classes of English, as far as titles need them: a tagger would be large, and wrong on speech.

Verbs are those that are rarely nouns: "use", "change" or "fork" are judged by where they stand (`phrases.WordUsage`).
"""

from __future__ import annotations

_REGULAR = """
abandon accept activate affect alter analyze apologise attract ban  boil cancel chat cite complement confess conclude confine
deactivate decrypt defend depict detach devote donate download encrypt erase exclude execute expire extract facilitate fetch
inject iterate justify kid leak lift mimic observe obtain originate overwrite pray pretend prioritize produce prompt quote reach
reassure rebuild reconsider remark render reuse rewrite saturate simulate sneak spawn spell strengthen strip subscribe
substitute summarize suspend tackle tolerate track unlock validate violate visit withdraw worsen
accept achieve acknowledge act add adjust admit adopt advise agree aim allow announce apologize appear apply appreciate argue arise arrive
assume attach attempt avoid bear beat behave believe belong blame borrow bother bring broadcast build calculate calm care carry catch
celebrate choose clarify collect combine commit communicate compare compete complain complete comply compute concern confirm confuse
connect consider consist construct consume contain continue contribute convert convince cook cooperate cope correct count cover create
criticize cut deal decide declare decrease define delay delete deliver demonstrate deny depend deploy derive describe deserve destroy
detect determine develop differ disagree disappear discover discuss distinguish divide draw drive drop earn eat edit eliminate embed
emerge emphasize employ enable encourage enforce engage enjoy ensure enter establish estimate evaluate evolve examine exist expand expect
explain explore express extend fail fall fear feed fight figure fill finish fit fix fly focus force forget forgive form fulfill gain gather
generate grab grow guarantee guess handle hang hate hear hide hire hit host hurt identify ignore imagine implement imply improve incentivize
include increase indicate influence inform inherit insert insist inspect install integrate intend introduce invent invest investigate
invite involve join judge jump justify kick kill knock lack laugh launch learn lend lie limit listen load lose love maintain manage marry
mature mention merge mess mind minimize miss mix modify monitor motivate multiply negotiate notice obtain occur operate oppose organize
overcome owe own participate pay perform permit persuade pick plug pop possess pour prefer prepare present prevent proceed process prove
publish pull purchase pursue push put quit raise react realize reason recall receive recognize recommend recover reduce refer reflect refuse
regard regret reject relate relax rely remain remember remind remove repair repeat replace reply represent require rescue resolve respond
restrict retain retire return reveal review revoke ride rise rob roll ruin rush satisfy save scan scare schedule seek select sell send
separate serve settle shape shift shut sing sink sit skip sleep smile solve speak specify spend spread squeeze stack stand state steal stick
stress strike struggle study submit succeed suffer suggest suit supply suppose surprise survive swap switch teach tear tend test throw tie
touch trade train transfer transform translate travel treat trigger trust tweak understand update upgrade vary verify wait wake walk warn
wash waste watch wear win wonder worry write yell
"""
_OFTEN_NOUNS = """
act aim attempt blame care cause change commit concern cook count cover cut deal delay draw drive drop edit estimate fall fear feed fight
figure fill fit fix fly focus force form gain guarantee guess handle hide hit host influence jump judge kick kill knock lack laugh launch
lie limit load love mess mind miss mix monitor pay pick plug pop present process pull purchase push reason regard regret reply review ride
rise roll rush scan schedule shape shift smile spread stack stand state stick stress strike struggle study supply surprise swap switch tear
test throw tie touch trade train transfer travel treat trigger trust update upgrade wait walk waste watch wear win wonder worry broadcast
return host sleep tweak borrow
"""
_IRREGULAR = """
ate beaten began begun bought broke broken brought built caught chose chosen came cut dealt drawn drew driven drove eaten fallen fell felt
flew flown forgave forgot forgotten fought found froze frozen gave grew grown heard held hid hidden hung kept knew known laid lain led lent
lost made meant met paid ran rang ridden risen rode rose sang sat saw seen sent shook shown shut slept sold sought spent spoke spoken
spread stolen stole stood stuck swore swum taught thought threw thrown told took torn understood went woke won wore worn wrote written
"""
_THIRD_PERSON = "asks buys finds flies helps keeps meets reads sees tells thinks tries"
"""Of verbs that are stopwords in their other forms; "runs", "sets" and "turns" are nouns as often."""
_EVALUATING = """
absolute actual amazing annoying apparent appropriate available aware awesome awful bad basic beautiful best better big biggest bit bold
bored boring brief bright brilliant broad busy careful clear clever close comfortable complicated concrete confident confusing constant
convenient correct crazy crucial cute dangerous decent deep definite different difficult dumb early easier easy elegant enormous entire
epic equal essential eventual everyday exact excellent excited exciting extra extreme fair familiar famous fancy fantastic fascinating
favorite few fine flexible foolish friendly frustrating full fun funny further general generic gentle genuine giant gigantic given glad
good gorgeous grand great grateful handy happy hard healthy heavy helpful high hilarious honest honored hopeful horrible hot huge ideal
immediate immense important impossible impressive inaccurate incredible infamous initial insane insightful instant intense interested
interesting intimate intuitive invaluable inventive joyful keen key kind large lasting late lazy legit light likely little lone long loud
lovely low lucky mad magical main major massive meaningful mere mild minimal minor modest naive narrow nasty natural naughty near neat
necessary nervous new nice nicer nicest normal notable obvious odd okay ongoing only ordinary original other overall particular past
perfect plain pleasant plenty poor popular possible potential powerful precious precise present pretty previous primary prior productive
proper proud quick quiet random rare ready real realistic reasonable recent regular related relevant reliable rich ridiculous right robust
rough rude sad safe same sane satisfied scared scary separate serious severe shiny short significant silly similar simple simplified
single sketchy slight slow small smart smooth sole solid sorry special specific spectacular steady straight straightforward strange strict
strong stunning stupid subsequent substantial subtle successful sudden sufficient suitable super superb sure surprised surprising sweet
terrible terrific thorough tight tiny tired tough trivial tremendous true typical ugly unclear unexpected unfortunate unhappy unique
unlikely unnecessary unusual upcoming upset useful useless usual valuable various vast viable vague warm weird wild willing wise wonderful
worth worthwhile worthy wrong young
"""
_EMPTY_NOUNS = """
amount aspect attempt bit bunch case chance chunk conversation couple direction discussion episode everyone extent fact feeling game guest
guy half host instance intro item job kind laptop level list listener lot mess mind morning name night note notion opinion order pair
paragraph party perspective piece podcast portion potential question range reason recording sake scenario sense shape show side situation
slide sort stage step stuff talk term thanks thing thought timing today tomorrow tonight topic total transcript trick type variety version
video weekend while wikipedia yesterday
afternoon evening applause laughter laugh monday tuesday wednesday thursday friday saturday sunday
january february march april june july august september october november december
"""


def _forms(verb: str) -> set[str]:
    """Returns the forms of a regular verb, except the one in -ing, which may open a title ("Generating Addresses")."""
    stem = verb.removesuffix("e")
    past = {f"{stem}ed", f"{verb}{verb[-1]}ed"} if not verb.endswith("y") else {f"{verb[:-1]}ied", f"{verb}ed"}
    third = {f"{verb}s", f"{verb}es"} if not verb.endswith("y") else {f"{verb[:-1]}ies", f"{verb}s"}
    return {verb, *past, *third}


_NOUNS_TOO = frozenset(_OFTEN_NOUNS.split())
VERBS = frozenset(form for verb in _REGULAR.split() if verb not in _NOUNS_TOO for form in _forms(verb)) | frozenset(
    f"{_IRREGULAR} {_THIRD_PERSON}".split()
)
"""Forms of verbs that are hardly ever nouns."""

EVALUATING = frozenset(_EVALUATING.split())
"""Adjectives that say what somebody thinks of a thing, how large it is or which one, not what it is."""

EMPTY_NOUNS = frozenset(_EMPTY_NOUNS.split())
"""Nouns that name no subject, the occasion's own included."""

_BEFORE_NOUNS = "a an the this that these those my your our their its his her some any each every no another of in on for with"
DETERMINERS = frozenset(_BEFORE_NOUNS.split())
"""What stands before a noun phrase."""
