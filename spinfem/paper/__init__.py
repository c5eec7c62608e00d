"""The paper's own constructions: closed forms, spacers, the mechanical analogy, folding."""
