"""Files a user gives: one error that lists every problem, and reading the text of a file."""

from __future__ import annotations

from pathlib import Path

_SHOWN = 20  # problems in the text of the error; all are in its list


class InputFileError(ValueError):
    """A file that cannot be used: carries one message per problem, and shows the first 20."""

    def __init__(self, kind: str, path: Path, problems: list[str]) -> None:
        self.problems = problems
        more = [f"... and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        title = f"{kind} file {path}: {len(problems)} problem(s)"
        super().__init__("\n".join([title, *problems[:_SHOWN], *more]))


def file_text(path: Path) -> tuple[str, str]:
    """Text of a UTF-8 file (a byte order mark is dropped) and the problem that kept it from being read.

    One of the two is empty: the problem if the file is there and holds text, else the text.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return "", "there is no such file"
    except IsADirectoryError:
        return "", "this is a folder, not a file"
    except UnicodeDecodeError as error:
        return "", f"not a UTF-8 text file (byte {error.start}); save it as UTF-8"
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        return "", "this is a folder, not a file" if path.is_dir() else f"cannot be read: {reason}"
    return (text, "") if text.strip() else ("", "the file is empty")


def text_lines(text: str) -> list[str]:
    """Lines of a text, whatever the system that wrote it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
