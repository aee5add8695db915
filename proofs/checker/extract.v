(* The checkers as an OCaml program: `proofs/checker/run` builds it with main.ml. What it computes with are OCaml's integers for units and exponents,
   and zarith's for the numbers of a claim; that these do what the natural numbers and integers of the proof assistant do, and that
   extraction keeps the meaning, is trusted. *)

From Coq Require Import ZArith QArith List ExtrOcamlBasic ExtrOcamlNatInt ExtrOcamlZBigInt.
From Synbal Require Import enclosure_checker energy_checker.

(* Of lengths in bits no verdict depends but by what is proposed and then checked, and by a limit of size. *)
Extract Constant Z.log2 => "(fun x -> if Big_int_Z.sign_big_int x <= 0 then Big_int_Z.zero_big_int
  else Big_int_Z.big_int_of_int (Z.numbits x - 1))".

Extraction "checker.ml" accepted_indexed accepted_indexed_in_the_limit judged.
