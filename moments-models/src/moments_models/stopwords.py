"""English words that say nothing about a subject, speech's own fillers included."""

_WORDS = """
a about above actually after again against ago all almost already also although always am among an and another any anybody anyone
anything anyway are aren't around as ask asked at away back basically be became because become been before began begin behind being
below besides best better between both bring but by call called came can can't cannot certainly come comes coming could couldn't
course did didn't different do does doesn't doing don't done down during each either else end enough especially etc even ever every
everybody everyone everything exactly example fact far few find first for found four from full further gave get gets getting give
given gives giving go goes going gone gonna good got gotta great had hadn't half happen happened happens hardly has hasn't have
haven't having he he'd he'll he's hello help her here here's hers herself hey hi him himself his hold hope how however huge i i'd i'll
i'm i've idea if important in inside instead into is isn't it it'd it'll it's its itself just keep kept kind knew know known knows
large last lastly later least left less let let's lets like likely little long look looked looking looks lot lots made main mainly make
makes making many may maybe me mean means meant might mine more most mostly move much must my myself nearly need needed needs never
new next nice no nobody none nor not nothing now obviously of off often oh ok okay old on once one ones only onto or other others
ought our ours ourselves out over own part people perhaps place please point possible pretty probably put quite quickly rather read
ready real really reason right run said same saw say saying says second see seem seems seen sense several shall she she'd she'll she's
should shouldn't show side simply since small so some somebody someone something sometimes somewhat soon sort start started starts
still stop stuff such sure take taken takes taking talk talked talking tell ten than thank thanks that that'll that's the their theirs
them themselves then there there's these they they'd they'll they're they've thing things think thinking third this those though
thought three through thus time times to today together told too took toward towards tried try trying turn turned two type uh um
under understand until up upon us use used uses using usually various very via want wanted wants was wasn't way ways we we'd we'll
we're we've well went were weren't what what's whatever when where whether which while who who's whole whom whose why will wish with
within without won't word words work worked working works would wouldn't yeah year years yep yes yet you you'd you'll you're you've
your yours yourself
basic big couple cool day days easy every five six seven eight nine hundred thousand million guy guys hand happy hard high hour hours
interesting kinds life low man minute minutes moment moments month months number numbers question questions set simple single somehow
story thirty topic totally true twenty week weeks whenever wherever welcome world
finally firstly secondly thirdly begin begins beginning conclude conclusion follows follow followed turning moving learn learned
allow allows become becomes cause causes contain contains create creates form forms hold holds include includes lead leads leave
leaves live lives note number offer offers open play plays produce produces provide provides reach reaches remain remains require
requires seems send sends serve serves sit worse worst bad fewer greater bigger smaller higher lower cheaper faster slower easier harder
stronger weaker newer older longer shorter feel feels felt heard hear hears happy sad nice wrong main exact actual certain similar
along alongside plus per versus common sit sits stand stands stay stays sound sounds spend spent watch went
"""

STOPWORDS = frozenset(_WORDS.split())

SMALL_WORDS = frozenset({"a", "an", "and", "as", "at", "but", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"})
"""Words that have no capital inside a title."""

LINKS = frozenset({"of", "for", "in", "and", "to", "on", "with"})
"""Small words that may stand inside a phrase, never at its ends."""

_BEFORE_VERBS = "to i we you they he she it who will can may might must should would could not don't let's please never"

BEFORE_VERBS = frozenset(_BEFORE_VERBS.split())
"""What stands before a verb rather than before a noun."""

_AFTER_VERBS = "a an the it them us me him her this that these those your my our their its you"

AFTER_VERBS = frozenset(_AFTER_VERBS.split())
"""What follows a verb rather than a noun: its object."""
