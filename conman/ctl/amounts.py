"""Amounts as docker shows them: 1.5MiB of memory, 3.2kB of traffic, 12.34%. The other way round: `sizes`."""


def memory(count: int) -> str:
    """By powers of 1024, to four digits."""
    return _shown(count, 1024, ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"), 4)


def traffic(count: int) -> str:
    """By powers of 1000, to three digits."""
    return _shown(count, 1000, ("B", "kB", "MB", "GB", "TB", "PB", "EB"), 3)


def percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.2f}%" if whole > 0 else "0.00%"


def _shown(count: int, step: int, units: tuple[str, ...], digits: int) -> str:
    amount, unit = float(count), 0
    while amount >= step and unit < len(units) - 1:
        amount, unit = amount / step, unit + 1
    # No exponent, where rounding comes to one digit more.
    shown = f"{amount:.0f}" if amount >= 10**digits - 0.5 else f"{amount:.{digits}g}"
    return f"{shown}{units[unit]}"
