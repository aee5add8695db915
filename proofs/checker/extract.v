(* The checker as an OCaml program: `proofs/checker/run` builds it with main.ml. What it computes with are OCaml's integers for units and exponents,
   and zarith's for the numbers of a claim; that these do what the natural numbers and integers of the proof assistant do, and that
   extraction keeps the meaning, is trusted. *)

From Coq Require Import QArith List ExtrOcamlBasic ExtrOcamlNatInt ExtrOcamlZBigInt.
From Synbal Require Import enclosure_checker.

Extraction "checker.ml" accepted_indexed accepted_indexed_in_the_limit.
