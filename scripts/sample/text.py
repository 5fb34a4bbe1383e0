"""What the narrator of the sample says: written for this project, no quotes (CC0-1.0 like the video itself).

Each topic has its title (the truth that tests compare with), and its scenes in order; a scene is what is said while one picture is shown.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture and the sentences spoken over it."""

    picture: str
    heading: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject of the video; `pause` is the silence in seconds before it starts."""

    title: str
    label: str
    pause: float
    scenes: tuple[Scene, ...]


TOPICS = (
    Topic(
        "How bread rises",
        "BREAD",
        0.8,
        (
            Scene(
                "dough",
                "How bread rises",
                (
                    "Bread begins with four simple things: flour, water, salt, and yeast.",
                    "Yeast is alive.",
                    "It feeds on the sugar in the flour, and it breathes out carbon dioxide.",
                    "Kneading stretches the proteins of the flour into gluten, a soft net that catches the gas.",
                ),
            ),
            Scene(
                "oven",
                "Proof, bake, cool",
                (
                    "As the bubbles grow, the dough rises and doubles in size.",
                    "Bakers call this rest proofing, and a warm kitchen makes it faster.",
                    "In the oven the heat kills the yeast, the bubbles expand once more, and the crust turns brown and crisp.",
                    "Let the loaf cool before you slice it, because the bread is still setting inside.",
                ),
            ),
        ),
    ),
    Topic(
        "Why lighthouses are striped",
        "LIGHTHOUSES",
        1.4,
        (
            Scene(
                "lighthouse_day",
                "Why lighthouses are striped",
                (
                    "Sailors use a lighthouse by day as well as by night.",
                    "In daylight the lamp is hard to see, so the tower itself must be the signal.",
                    "A white tower shows up against dark cliffs, while a red one stands out against the snow.",
                ),
            ),
            Scene(
                "towers",
                "One pattern, one tower",
                (
                    "Along a sandy coast, where every hill looks the same, builders paint bold stripes or spirals.",
                    "Each pattern belongs to one tower, and it is printed on the chart.",
                    "A spiral of black and white can be read from miles away.",
                ),
            ),
            Scene(
                "lighthouse_night",
                "The rhythm of the flashes",
                (
                    "After dark, the rhythm of the flashes tells ships which lighthouse they see.",
                    "One tower flashes twice every ten seconds, another glows green without a break.",
                ),
            ),
        ),
    ),
    Topic(
        "Training for a first marathon",
        "MARATHON",
        1.8,
        (
            Scene(
                "road",
                "A first marathon",
                (
                    "Training for a first marathon takes about four months of patient running.",
                    "Start with three easy runs a week, slow enough that you can talk to a friend.",
                    "On the weekend, run long, and make the long run one mile longer each time.",
                ),
            ),
            Scene(
                "weeks",
                "Four months of running",
                (
                    "Every fourth week, cut back and let your legs recover.",
                    "Shoes matter more than watches, so replace them before the soles wear flat.",
                    "Eat well, sleep long, and let the miles build slowly.",
                    "In the last two weeks, runners rest more and run less, which coaches call the taper.",
                ),
            ),
            Scene(
                "finish",
                "Race day",
                ("On race day, start slower than you want, drink at every station, and save your strength for the final miles.",),
            ),
        ),
    ),
    Topic(
        "How vaccines teach the body",
        "VACCINES",
        1.3,
        (
            Scene(
                "virus",
                "How vaccines teach the body",
                (
                    "A vaccine teaches the immune system to recognize a germ before the real infection arrives.",
                    "It shows the body a harmless piece of a virus, or the instructions to make one.",
                ),
            ),
            Scene(
                "antibodies",
                "Antibodies fit like a key",
                (
                    "White blood cells learn the shape of that piece, and they produce antibodies that fit it like a key fits a lock.",
                    "Some of these cells become memory cells and stay for years.",
                    "Later, a second dose, called a booster, reminds them of the lesson.",
                    "When the true virus comes, the defense is ready within hours instead of weeks.",
                ),
            ),
        ),
    ),
    Topic(
        "Repairing a flat bicycle tire",
        "BICYCLE REPAIR",
        2.0,
        (
            Scene(
                "bicycle",
                "Repairing a flat tire",
                (
                    "A flat tire is the first repair that every cyclist should learn.",
                    "Carry a small kit with levers, patches, and a pump.",
                    "Turn the bicycle upside down, open the brake, and lift out the wheel.",
                    "Push two plastic levers under the edge of the tire, and pull one side off the rim.",
                ),
            ),
            Scene(
                "tube",
                "Find the hole",
                ("Take out the inner tube, pump it up, and listen for the hiss of the hole.",),
            ),
            Scene(
                "patch",
                "Glue, wait, press",
                (
                    "Roughen the rubber, spread a thin layer of glue, wait until it is dry, and press the patch on hard.",
                    "Before you put everything back, feel inside the tire for the thorn or the glass that caused the trouble.",
                    "Then pump up the tire, spin the wheel, and ride home.",
                ),
            ),
        ),
    ),
)
