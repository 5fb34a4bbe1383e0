"""Lists words of English that say nothing by themselves in a title: adjectives that judge, and nouns that name no subject."""

from __future__ import annotations

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
additional expensive
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

EVALUATING = frozenset(_EVALUATING.split())
"""Adjectives that say what somebody thinks of a thing, how large it is or which one, not what it is."""

EMPTY_NOUNS = frozenset(_EMPTY_NOUNS.split())
"""Nouns that name no subject, the occasion's own included."""
