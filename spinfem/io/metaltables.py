"""``[materials.X]`` of a stack file: in SI, from the library, and in the paper's units."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag

from ..files.tables import (
    Length,
    Name,
    PlacedError,
    Polarization,
    Positive,
    Table,
    at,
    metres,
    one_of,
    seconds,
    shown,
)
from ..sample.materials import Ferromagnet, Metal, NormalMetal
from ..sample.pieces import Interface

# --- the library ------------------------------------------------------------------------------


class LibraryKeys(Table):
    """Which entry of the library is meant."""

    library: Name | None = None
    variant: Name | None = None
    temperature_K: Positive | None = None

    @property
    def choice(self) -> dict[str, Any]:
        """Arguments of `spinfem.material` and `spinfem.interface` that choose a variant."""
        return {"variant": self.variant, "temperature": self.temperature_K}

    def check_alone(self) -> None:
        """Raise PlacedError if a variant is given, and no entry."""
        for key in ("variant", "temperature_K"):
            if (value := getattr(self, key)) is not None:
                raise PlacedError(f"must be left out without library, got {shown(value)}", (key,))

    def check_keys(self, keys: set[str], lacking: tuple[tuple[str, ...], ...]) -> None:
        """Check that one of each group of keys is there, here or in the library's entry.

        Parameters
        ----------
        keys : set of str
            Keys of the entry's numbers.
        lacking : tuple of tuple of str
            Keys that say the same, the first of which is asked for if there is none.

        Raises
        ------
        PlacedError
            If there is none: at its key.
        """
        for same in lacking:
            if not keys & {*same} and all(getattr(self, key, None) is None for key in same):
                text = f"must be given, {self.library!r} of the library has none"
                raise PlacedError(text, (same[0],))


def library_interface(table: LibraryKeys, **numbers: Any) -> Interface:
    """Return an interface of the library, in SI; errors as of `spinfem.interface`.

    Parameters
    ----------
    table : LibraryKeys
        Which one.
    **numbers
        As of `spinfem.interface`, None for those of the library.
    """
    from ..sample.library import SHIPPED  # reads its file, which others do not need

    with at("library"):
        _, _, entry = SHIPPED.entry("interface", str(table.library), **table.choice)
    table.check_keys({*entry.quantities}, (("AR_fOhm_m2", "two_AR_fOhm_m2"),))
    return SHIPPED.interface(str(table.library), **table.choice, **numbers)


CONDUCTIVITIES = {
    False: ("resistivity_ohm_m", "sigma_S_m"),
    True: ("rho_star_ohm_m", "sigma_S_m"),
}
"""Keys of which one is given, of a normal metal and of a ferromagnet."""
ONLY_FERROMAGNETS = ("rho_star_ohm_m", "beta", "lambda_J_nm", "lambda_phi_nm")
ONLY_NORMAL = ("resistivity_ohm_m",)


class LibraryMetal(LibraryKeys):
    """A metal of the library; numbers beside it stand in the place of the library's."""

    library: Name
    kind: Literal["normal", "ferromagnet"] | None = None
    resistivity_ohm_m: Positive | None = None
    rho_star_ohm_m: Positive | None = None
    sigma_S_m: Positive | None = None
    beta: Polarization | None = None
    l_nm: Length | None = None
    lambda_J_nm: Length | None = None
    lambda_phi_nm: Length | None = None
    tau_ps: Positive | None = None

    def metal(self, name: str) -> Metal:
        """Return the metal; PlacedError with the key that is wrong."""
        from ..sample.library import SHIPPED  # reads its file, which others do not need
        from ..sample.libraryfile import FerromagnetEntry

        with at("library"):
            _, _, entry = SHIPPED.entry("material", self.library, **self.choice)
        magnetic = isinstance(entry, FerromagnetEntry)
        kind = "ferromagnet" if magnetic else "normal"
        if self.kind not in (None, kind):
            text = f"must be {kind!r} or left out for {self.library!r} of the library"
            raise PlacedError(f"{text}, got {self.kind!r}", ("kind",))
        for key in ONLY_NORMAL if magnetic else ONLY_FERROMAGNETS:
            if (value := getattr(self, key)) is not None:
                what = "ferromagnet" if magnetic else "normal metal"
                raise PlacedError(f"must be left out in a {what}, got {shown(value)}", (key,))
        one, other = conductivities = CONDUCTIVITIES[magnetic]
        if getattr(self, one) is not None and self.sigma_S_m is not None:
            raise PlacedError(f"one of {one} and {other} must be given, got both", (other,))
        needed = ((*conductivities, "resistivity_ohm_m"), ("l_nm", "l_rho_fOhm_m2"))
        self.check_keys({*entry.quantities}, (*needed, *[("beta",)] * magnetic))
        rho, sigma = self.resistivity_ohm_m, self.sigma_S_m
        lengths = {key: getattr(self, f"{key}_nm") for key in ("l", "lambda_J", "lambda_phi")}
        numbers: dict[str, Any] = {
            key: None if nm is None else metres(nm) for key, nm in lengths.items()
        }
        return SHIPPED.material(
            self.library,
            **self.choice,
            sigma=sigma if rho is None else 1 / rho,
            rho_star=self.rho_star_ohm_m,
            p=self.beta,
            tau=_tau(self.tau_ps),
            **numbers,
            name=name,
        )


# --- SI ---------------------------------------------------------------------------------------


def _tau(picoseconds: float | None) -> float | None:
    """Return a spin relaxation time, s, if there is one."""
    return None if picoseconds is None else seconds(picoseconds)


class SINormal(Table):
    """A normal metal in SI."""

    kind: Literal["normal"]
    resistivity_ohm_m: Positive | None = None
    sigma_S_m: Positive | None = None
    l_nm: Length
    tau_ps: Positive | None = None

    def metal(self, name: str) -> NormalMetal:
        """Return the metal."""
        key, value = one_of(self, *CONDUCTIVITIES[False])
        sigma = key == "sigma_S_m"
        make = NormalMetal.from_conductivity if sigma else NormalMetal.from_resistivity
        return make(value, l=metres(self.l_nm), tau=_tau(self.tau_ps), name=name)


class SIFerromagnet(Table):
    """A ferromagnet in SI."""

    kind: Literal["ferromagnet"]
    rho_star_ohm_m: Positive | None = None
    sigma_S_m: Positive | None = None
    beta: Polarization
    beta_D: Polarization | None = None
    l_nm: Length
    lambda_J_nm: Length | None = None
    lambda_phi_nm: Length | None = None
    tau_ps: Positive | None = None

    def metal(self, name: str) -> Ferromagnet:
        """Return the metal."""
        key, value = one_of(self, *CONDUCTIVITIES[True])
        l, lengths = metres(self.l_nm), (self.lambda_J_nm, self.lambda_phi_nm)
        J, phi = (None if length is None else metres(length) for length in lengths)
        more: dict[str, Any] = {"l": l, "lambda_J": J, "lambda_phi": phi, "name": name}
        more["tau"] = _tau(self.tau_ps)
        if key == "sigma_S_m":
            return Ferromagnet.from_conductivity(value, p=self.beta, beta_D=self.beta_D, **more)
        if self.beta_D is not None:
            text = f"must be left out with beta_D, in the place of sigma_S_m, got {shown(value)}"
            raise PlacedError(text, (key,))
        return Ferromagnet.from_valet_fert(value, beta=self.beta, **more)


FROM_LIBRARY = "from the library"
"""What tells its tables apart from those with a kind."""


def _metal_kind(table: object) -> str | None:
    if isinstance(table, dict) and not {*LibraryKeys.model_fields} & {*table}:
        kind = table.get("kind")
        return kind if isinstance(kind, str) or kind is None else repr(kind)
    return FROM_LIBRARY


SIMetal = Annotated[
    Annotated[SINormal, Tag("normal")]
    | Annotated[SIFerromagnet, Tag("ferromagnet")]
    | Annotated[LibraryMetal, Tag(FROM_LIBRARY)],
    Discriminator(_metal_kind),
]


# --- the paper's units ------------------------------------------------------------------------


class _PaperNormal(Table):
    """A normal metal in the paper's units."""

    kind: Literal["normal"]
    D: Positive
    l: Length
    tau: Positive | None = None

    def metal(self, name: str) -> NormalMetal:
        """Return the metal."""
        return NormalMetal(D=self.D, l=self.l, tau=self.tau, name=name)


class _PaperFerromagnet(Table):
    """A ferromagnet in the paper's units."""

    kind: Literal["ferromagnet"]
    D: Positive
    l: Length
    p: Polarization
    beta_D: Polarization | None = None
    lambda_J: Length | None = None
    lambda_phi: Length | None = None
    tau: Positive | None = None

    def metal(self, name: str) -> Ferromagnet:
        """Return the metal."""
        J, phi = self.lambda_J, self.lambda_phi
        more: dict[str, Any] = {"lambda_J": J, "lambda_phi": phi, "tau": self.tau, "name": name}
        return Ferromagnet(D=self.D, l=self.l, p=self.p, beta_D=self.beta_D, **more)


PaperMetal = Annotated[_PaperNormal | _PaperFerromagnet, Discriminator("kind")]
