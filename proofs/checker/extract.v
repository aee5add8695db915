(* The checkers as an OCaml program: `proofs/checker/run` builds it with main.ml and what that reads files by. What it computes with are OCaml's
   integers for units and exponents, and zarith's for the numbers of a claim; that these do what the natural numbers and integers of the proof
   assistant do, and that extraction keeps the meaning, is trusted. *)

From Coq Require Import ZArith QArith List ExtrOcamlBasic ExtrOcamlNatInt ExtrOcamlZBigInt.
From Synbal Require Import enclosure_checker energy_checker claim_checker wide_checker.

(* Nothing is accepted for what these say: lengths in bits and common divisors enter what is proposed and then checked, and limits of size. *)
Extract Constant Z.log2 => "(fun x -> if Big_int_Z.sign_big_int x <= 0 then Big_int_Z.zero_big_int
  else Big_int_Z.big_int_of_int (Z.numbits x - 1))".

Extract Constant Z.gcd => "Big_int_Z.gcd_big_int".

Extraction "checker.ml" accepted_indexed accepted_indexed_in_the_limit judged shows_attained shows_not_attained shows_balanced
  shows_balanced_in_the_limit shows_scaling shows_sign_changed shows_cycle_broken shows_manifold
  accepted_wide accepted_wide_in_the_limit.
