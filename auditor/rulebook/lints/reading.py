"""What `auditor explain` says of faults that no lint finds: those of reading, and those of the whole set."""

READ = {
    "R001": """The file is not YAML.

    The place is where the parser gave up; what is wrong often stands just above. Values that begin
    with @, `, % or contain a colon and a blank need quotes.""",
    "R002": """A file that is too long or nested too deep.

    A rule file has at most 256,000 characters and 64 levels. No platform needs more; a stranger's
    file may try.""",
    "R003": """YAML that rules do not use.

    Anchors, aliases, other tags than the builders of tests, several documents in one file, keys that
    are not one word: all of them can hide what a file says.""",
    "R004": """A key that is given twice.

    Other readers would silently take the last one.""",
    "R005": """A key that rules do not have.

    Nothing is ignored: a condition with a typing error would be no condition. The nearest right
    word is offered.""",
    "R006": """A key that is missing.

    Every rule has title, when, why and tests; a message rule has a surface and a slot.""",
    "R007": """A value of another kind than the key takes.

    A list where a text belongs, a text where true or false belongs.""",
    "R008": """A word that the key does not know.

    Directions, surfaces, roles, decoders and expectations are closed lists.""",
    "R009": """Something that is not a path, or that begins with a dot without `each`.

    Steps stand between dots; names with dots stand in quotes; brackets are not used.""",
    "R010": """A rule with both a slot and an action, or neither; an envelope with several outlines, or none.

    A rule is about messages (slot) or about what is around them (action).""",
    "R011": """A shape that cannot be read.

    Sizes are [33], [16n], [32..] or [12|16]; at most one piece leaves its size open, so that bytes can
    be cut in one way only.""",
    "R012": """A placeholder that swallows what people write.

    It has at most one star and twelve letters beside it.""",
    "R013": """A name of another file that is not there, or an envelope inside itself.

    `accept`, `speaks` and shapes name envelopes and platforms by their files.""",
    "R014": """A file that lies elsewhere than rules do.

    There are platforms/NAME/platform.yaml, platforms/NAME/ACTION.yaml and envelopes/NAME.yaml.""",
    "R706": """Something that is allowed and does not happen, or is allowed without a reason.

    `allow` overrules a lint for one file, with a reason that others can judge: {R305: a mail inside
    a mail has parts}. With a part of the message behind the code it overrules only that one.""",
    "R801": """A test in a rule that fails.

    It says what was expected and what was found.""",
    "R802": """A test that was made from another test, and fails.

    From every test that finds a message others are made: the same on a foreign host, with another
    verb, in the other direction, with each condition's value changed, must be nothing; the text
    taken out must be missing; a seal in the place of the text, or of what is around it, must never
    be nothing.""",
    "R803": """Two rules that claim one example.

    The example of one rule also meets another one, so its message would count twice or under
    the wrong name.""",
    "R804": """A rule that never says anything another one does not say.

    All its examples are also read by one other rule of the same platform: it may be dead.""",
    "R805": """A rule that speaks about unrelated traffic.

    Every parcel of the benign corpus is somebody's ordinary traffic without a message of any
    platform. A rule that finds something there would find it in every capture.""",
    "R806": """A condition, path or field that no test exercises.

    Nobody would notice if it were wrong.""",
    "R807": """A change to the rule that no test notices.

    Each condition is dropped, loosened or shifted in turn, and some test must fail, written or
    made. The exact change is named; where it changes nothing, `allow` says so with a reason:
    {R807 'where .type dropped': only such events have this field}.""",
    "R808": """Too many changes that no test notices.

    Of all changes to all rules nine in ten must be noticed.""",
    "R809": """Too many changes that are explained away.

    At most one in twenty may be overruled as changing nothing.""",
    "R810": """A copy of the text outside the slots.

    In a test the text stands in a second place that the rule does not name. The day the slot is
    sealed, the copy would still be open, and nobody would look there.""",
    "R811": """A condition and a slot in one list that is not cut.

    Without `each` a condition that the first item meets lets the text of the second be read, and
    one message is counted where there are many.""",
}
