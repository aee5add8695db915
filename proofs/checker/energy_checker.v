(* A checker of energy certificates that computes, over integers, and its soundness: what it says of a claim that it accepts is true of the
   problem, read as real numbers (certificate_of_intervals and limit_of_intervals in general/energy_intervals.v).

   It covers all that such a certificate can hold: irrational costs, fractional exponents, products, ties with powers, units of any
   degree, exceptions with rational flows, minima that are not attained. The rules are those of the format: three factors of each
   cost, each rounded down to some significant bits; flows rounded down to a grid; flows that are a circulation exactly.
   The gap is summed term by term, each rounded up. *)

From Coq Require Import Reals ZArith QArith Qreals List Arith FMapPositive Bool Lra Lia.
From Synbal Require Import finite_sums balancing_problem energy energy_minima energy_attained energy_rounding energy_evaluation.
From Synbal Require Import energy_intervals rounded_powers.
Import ListNotations.
Open Scope Z_scope.

(* The cost scale * magnitude^degree, times what the forms of its target and its source contribute: forms by number from 1. *)
Record energy_term := EnergyTerm {
  scale : Q;
  magnitude : Q;
  degree : Q;
  target : BinNums.positive;
  source : BinNums.positive;
  exceptional : option Z
}.

(* A multiplier is a mantissa with an exponent of 2; a form holds variables, by number from 1, with exponents over `common`. The flow of an exception is its
   integer, over `flow_divisor` times the grid. *)
Record energy_claim := EnergyClaim {
  point : list (Z * Z);
  common : Z;
  forms : list (list (BinNums.positive * Z));
  terms : list energy_term;
  significant : Z;
  grid_places : Z;
  flow_divisor : Z
}.

(* What is shown: how far the regularizer is above its infimum at most; whether a minimum exists; which balanced costs are within what factor of those at
   the point. *)
Record judgement := Judgement {
  gap_number : Z;
  gap_places : Z;
  attained_here : bool;
  near_terms : list bool;
  radius_places : option Z
}.

(** What computes *)

Fixpoint numbered {T} (k : BinNums.positive) (l : list T) (m : PositiveMap.t T) : PositiveMap.t T :=
  match l with
  | [] => m
  | x :: rest => numbered (Pos.succ k) rest (PositiveMap.add k x m)
  end.

Definition table {T} (l : list T) : PositiveMap.t T := numbered 1 l (PositiveMap.empty T).

Fixpoint all_some {S T} (f : S -> option T) (l : list S) : option (list T) :=
  match l with
  | [] => Some []
  | x :: rest =>
      match f x with
      | Some y => match all_some f rest with Some found => Some (y :: found) | None => None end
      | None => None
      end
  end.

Definition form_factor (multipliers : PositiveMap.t (Z * Z)) (entry : BinNums.positive * Z) : option factor :=
  match PositiveMap.find (fst entry) multipliers with
  | Some (m, s) => Some (Factor m 1 s (snd entry))
  | None => None
  end.

Definition read_form (c : energy_claim) (multipliers : PositiveMap.t (Z * Z)) (f : list (BinNums.positive * Z))
  : option (list (BinNums.positive * Z) * (Z * Z)) :=
  match all_some (form_factor multipliers) f with
  | Some l => match rounded (significant c) (common c) l with Some product => Some (f, product) | None => None end
  | None => None
  end.

Definition cost_factors (t : energy_term) : list factor :=
  [Factor (Qnum (scale t)) (Zpos (Qden (scale t))) 0 (Zpos (Qden (degree t)));
   Factor (Qnum (magnitude t)) (Zpos (Qden (magnitude t))) 0 (Qnum (degree t))].

(* A flow over the divisor and the lower end of the cost as mantissa and exponent of 2, both on the grid; and what the term adds at
   each variable. *)
Record reading := Reading { flow_number : Z; low_mantissa : Z; low_shift : Z; adds : list (BinNums.positive * Z) }.

Definition read_term (c : energy_claim) (products : PositiveMap.t (list (BinNums.positive * Z) * (Z * Z))) (t : energy_term)
  : option reading :=
  match rounded (significant c) (Zpos (Qden (degree t))) (cost_factors t), PositiveMap.find (target t) products,
    PositiveMap.find (source t) products with
  | Some (m0, s0), Some (f1, (m1, s1)), Some (f2, (m2, s2)) =>
      let m := m0 * m1 * m2 in
      let s := s0 + s1 + s2 + grid_places c in
      if Z.log2 m + s <? longest then
        let flow := match exceptional t with Some y => y | None => flow_divisor c * Z.shiftl m s end in
        if 0 <=? flow then Some (Reading flow m s (f1 ++ f2)) else None
      else None
  | _, _, _ => None
  end.

Definition value_at (m : PositiveMap.t Z) (v : BinNums.positive) : Z := match PositiveMap.find v m with Some x => x | None => 0 end.

Definition add_entry (y : Z) (m : PositiveMap.t Z) (entry : BinNums.positive * Z) : PositiveMap.t Z :=
  PositiveMap.add (fst entry) (value_at m (fst entry) + snd entry * y) m.

Definition add_reading (m : PositiveMap.t Z) (r : reading) : PositiveMap.t Z := fold_left (add_entry (flow_number r)) (adds r) m.

Definition conserved (l : list reading) : bool :=
  forallb (fun entry => snd entry =? 0) (PositiveMap.elements (fold_left add_reading l (PositiveMap.empty Z))).

(* The upper end of a product of three rounded factors is the lower one times this. *)
Definition upper_over (bits : Z) : Z := (Z.shiftl 1 (bits - 1) + 1) ^ 3.
Definition upper_under (bits : Z) : Z := Z.shiftl 1 (3 * (bits - 1)).

(* Of a term without a flow the cost may be taken for larger than it is. *)
Definition coarsest : Z := -1024.

Definition end_over (r : reading) : Z := if 0 <=? low_shift r then Z.shiftl (low_mantissa r) (low_shift r) else low_mantissa r.
Definition end_under (r : reading) : Z := if 0 <=? low_shift r then 1 else Z.shiftl 1 (- low_shift r).

Definition raised (r : reading) : reading :=
  if flow_number r =? 0 then Reading 0 (low_mantissa r) (Z.max (low_shift r) coarsest) (adds r) else r.

Definition divide_up (a b : Z) : Z := - ((- a) / b).

(* (n/q - a/b)^2 / (a/b), over 2^places. *)
Definition excess_up (places n q a b : Z) : Z := let d := n * b - a * q in divide_up (Z.shiftl (d * d) places) (q * q * b * a).

Definition contribution (bits places q : Z) (r : reading) : Z :=
  let a := end_over (raised r) in
  let b := end_under (raised r) in
  if flow_number r =? 0 then divide_up (Z.shiftl (a * upper_over bits) places) (b * upper_under bits)
  else Z.max (excess_up places (flow_number r) q a b) (excess_up places (flow_number r) q (a * upper_over bits) (b * upper_under bits)).

Definition places_of (bits : Z) : Z := Z.max 256 (3 * bits).

Definition total_gap (c : energy_claim) (l : list reading) : Z :=
  fold_right (fun r s => contribution (significant c) (places_of (significant c)) (flow_divisor c) r + s) 0 l.

(* Is 2^k times the gap at most the cost? *)
Definition gap_fits (k gap places : Z) (r : reading) : bool :=
  if 0 <? flow_number r then Z.shiftl (gap * end_under r) k <=? Z.shiftl (end_over r) places else false.

(* The radius 2^-j has 4 gap <= 4^-j cost. *)
Definition radius_fits (j gap places : Z) (r : reading) : bool :=
  if gap_fits 4 gap places r then gap_fits (2 + 2 * j) gap places r else true.

Definition radius_proposed (gap places : Z) (l : list reading) : Z :=
  fold_right (fun r j => if gap_fits 4 gap places r
    then Z.min j ((Z.log2 (Z.shiftl (end_over r) places) - Z.log2 (gap * end_under r) - 3) / 2) else j) longest l.

Definition radius_found (gap places : Z) (l : list reading) : option Z :=
  if gap =? 0 then None
  else
    let j := radius_proposed gap places l in
    Some (if 1 <=? j then if forallb (radius_fits j gap places) l then j else 1 else 1).

Definition read_all (c : energy_claim) : option (list reading) :=
  if 8 <=? significant c then
  if significant c <=? 4096 then
  if Z.abs (grid_places c) <=? 16384 then
  if 0 <? common c then
  if 0 <? flow_divisor c then
  if forallb (fun number => 0 <? fst number) (point c) then
    match all_some (read_form c (table (point c))) (forms c) with
    | Some products => all_some (read_term c (table products)) (terms c)
    | None => None
    end
  else None else None else None else None else None else None.

Definition judged (c : energy_claim) : option judgement :=
  match read_all c with
  | Some l =>
      if conserved l then
        let places := places_of (significant c) in
        let gap := total_gap c l in
        Some (Judgement gap (places + grid_places c) (forallb (fun r => 0 <? flow_number r) l)
          (map (gap_fits 4 gap places) l) (radius_found gap places l))
      else None
  | None => None
  end.

(** What its numbers stand for *)

Local Open Scope R_scope.

Definition real_multiplier (c : energy_claim) (v : nat) : R :=
  let (m, s) := nth v (point c) (1%Z, 0%Z) in IZR m * two s.

Definition exponent_in (f : list (BinNums.positive * Z)) (v : nat) : Z :=
  fold_right (fun entry s => if (fst entry =? Pos.of_succ_nat v)%positive then (snd entry + s)%Z else s) 0%Z f.

Definition form_at (c : energy_claim) (k : BinNums.positive) : list (BinNums.positive * Z) := nth (pred (Pos.to_nat k)) (forms c) [].

Definition no_term : energy_term := EnergyTerm 1%Q 1%Q 1%Q 1 1 None.

Definition term_of (c : energy_claim) (e : nat) : energy_term := nth e (terms c) no_term.

Definition real_base (t : energy_term) : R := Q2R (scale t) * Rpower (Q2R (magnitude t)) (Q2R (degree t)).

Definition real_powers (c : energy_claim) : rational_powers :=
  RationalPowers (length (point c)) (seq 0 (length (terms c))) (fun e => real_base (term_of c e))
    (fun e => exponent_in (form_at c (target (term_of c e)))) (fun e => exponent_in (form_at c (source (term_of c e))))
    (fun _ => common c).

Definition gap_of_judgement (j : judgement) : R := IZR (gap_number j) * two (- gap_places j).
Definition radius_of_judgement (j : judgement) : R := match radius_places j with Some k => two (- k) | None => 0 end.
