from reimagine.errors import InputError, one_line


def test_what_cannot_be_printed_is_escaped_and_the_rest_stays():
    assert one_line("walk\n\x1b[31m\u202e\udcff") == r"walk\n\x1b[31m\u202e\udcff"
    assert one_line("Straße 人 é, plain") == "Straße 人 é, plain"


def test_an_error_is_one_line_whatever_names_are_in_it():
    error = InputError("There is no picture a\n\x07b.png; check `clip.size`.")
    assert str(error) == r"There is no picture a \x07b.png; check clip.size."
    assert error.worded(lambda _: "--size") == r"There is no picture a \x07b.png; check --size."
