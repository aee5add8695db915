(* Checkers of the claims `attained`, `not_attained`, `balanced`, `scaling`, `not_scaled` and `manifold`, for problems of any exponents: products, ties with
   powers, units of any degree, mixtures. What they accept is true: claim_checker_sound.v and manifold_checker.v.

   Exponents are integers over a common denominator; flows, directions and coefficients are integers, since only their proportions matter. *)

From Coq Require Import ZArith QArith List FMapPositive Bool.
From Synbal Require Import rounded_powers energy_checker.
Import ListNotations.
Open Scope Z_scope.

(* The cost coefficient * weight^power, times the multipliers to their exponents; variables by number from 1. *)
Record cost_term := CostTerm {
  coefficient : Q;
  weight_size : Q;
  weight_power : Q;
  exponents : list (BinNums.positive * Z)
}.

Record cost_problem := CostProblem { unknowns : nat; over_common : BinNums.positive; costs : list cost_term }.

Definition is_cost (t : cost_term) : bool := if 0 <? Qnum (coefficient t) then 0 <? Qnum (weight_size t) else false.

(* Do these flows, in this order, cancel at every variable? *)
Definition flows_cancel (forms : list (list (BinNums.positive * Z))) (flows : list Z) : bool :=
  if (length forms =? length flows)%nat then conserved (map (fun both => Reading (snd both) 1 0 (fst both)) (combine forms flows)) else false.

(** Is the minimum attained? *)

(* A circulation, at least `one` everywhere. *)
Definition shows_attained (P : cost_problem) (one : Z) (flows : list Z) : bool :=
  if forallb is_cost (costs P) then
  if 0 <? one then
  if forallb (fun y => one <=? y) flows then flows_cancel (map exponents (costs P)) flows
  else false else false else false.

Definition slope_along (d : PositiveMap.t Z) (f : list (BinNums.positive * Z)) : Z :=
  fold_right (fun entry s => snd entry * value_at d (fst entry) + s) 0 f.

Definition no_cost_rises (P : cost_problem) (d : PositiveMap.t Z) : bool := forallb (fun t => slope_along d (exponents t) <=? 0) (costs P).
Definition a_cost_falls (P : cost_problem) (d : PositiveMap.t Z) : bool := existsb (fun t => slope_along d (exponents t) <? 0) (costs P).

Definition shows_not_attained (P : cost_problem) (direction : list Z) : bool :=
  if forallb is_cost (costs P) then
  if (length direction =? unknowns P)%nat then
  if no_cost_rises P (table direction) then a_cost_falls P (table direction)
  else false else false else false.

(** Balanced exactly *)

Definition multiplier_factor (n : Z) (multipliers : PositiveMap.t Q) (entry : BinNums.positive * Z) : option factor :=
  match PositiveMap.find (fst entry) multipliers with
  | Some q => Some (Factor (Qnum q) (Zpos (Qden q)) 0 (snd entry * n))
  | None => None
  end.

Definition exact_cost (P : cost_problem) (multipliers : PositiveMap.t Q) (t : cost_term) : option Q :=
  let n := Zpos (Qden (weight_power t)) in
  match all_some (multiplier_factor n multipliers) (exponents t) with
  | Some l =>
      exact (n * Zpos (over_common P))
        (Factor (Qnum (coefficient t)) (Zpos (Qden (coefficient t))) 0 (n * Zpos (over_common P))
         :: Factor (Qnum (weight_size t)) (Zpos (Qden (weight_size t))) 0 (Qnum (weight_power t) * Zpos (over_common P)) :: l)
  | None => None
  end.

Definition common_multiple (l : list Q) : Z := fold_right (fun q m => Z.lcm (Zpos (Qden q)) m) 1 l.

(* The costs as integers over a common denominator. *)
Definition as_integers (D : Z) (l : list Q) : option (list Z) :=
  all_some (fun q => let y := Qnum q * (D / Zpos (Qden q)) in if y * Zpos (Qden q) =? Qnum q * D then Some y else None) l.

Definition kept_costs (P : cost_problem) (keep : cost_term -> bool) : cost_problem :=
  CostProblem (unknowns P) (over_common P) (filter keep (costs P)).

Definition shows_balanced (P : cost_problem) (multipliers : list Q) : bool :=
  if forallb is_cost (costs P) then
  if (length multipliers =? unknowns P)%nat then
  if forallb (fun q => 0 <? Qnum q) multipliers then
    match all_some (exact_cost P (table multipliers)) (costs P) with
    | Some found =>
        let D := common_multiple found in
        if 0 <? D then
          match as_integers D found with Some flows => flows_cancel (map exponents (costs P)) flows | None => false end
        else false
    | None => false
    end
  else false else false else false.

Definition stays_along (d : PositiveMap.t Z) (t : cost_term) : bool := slope_along d (exponents t) =? 0.

Definition shows_balanced_in_the_limit (P : cost_problem) (direction : list Z) (multipliers : list Q) : bool :=
  if shows_not_attained P direction then shows_balanced (kept_costs P (stays_along (table direction))) multipliers else false.

(** Scalings *)

(* A weight before and after, and the exponents of its ratio. *)
Record pair_of_weights := PairOfWeights { before : Q; after : Q; ratio : list (BinNums.positive * Z) }.

Definition exact_ratio (common : BinNums.positive) (multipliers : PositiveMap.t Q) (f : list (BinNums.positive * Z)) : option Q :=
  match all_some (multiplier_factor 1 multipliers) f with Some l => exact (Zpos common) l | None => None end.

Definition is_scaled (common : BinNums.positive) (multipliers : PositiveMap.t Q) (w : pair_of_weights) : bool :=
  if Qeq_bool (before w) 0 then Qeq_bool (after w) 0
  else match exact_ratio common multipliers (ratio w) with Some r => Qeq_bool (before w * r) (after w) | None => false end.

Definition shows_scaling (common : BinNums.positive) (multipliers : list Q) (l : list pair_of_weights) : bool :=
  if forallb (fun q => 0 <? Qnum q) multipliers then forallb (is_scaled common (table multipliers)) l else false.

Definition is_tolerance (t : Q) : bool := if Qle_bool 0 t then negb (Qle_bool 1 t) else false.

(* A sign that changed, or a weight that is 0 on one side alone. *)
Definition shows_sign_changed (tolerance : Q) (w : pair_of_weights) : bool :=
  if is_tolerance tolerance then negb (Z.sgn (Qnum (before w)) =? Z.sgn (Qnum (after w))) else false.

(* A cycle: pairs with coefficients, around which all multipliers cancel, while ratios multiply to a number beyond the tolerance. *)
Definition quotient_factor (both : pair_of_weights * Z) : factor :=
  let w := fst both in
  Factor (Qnum (after w) * Zpos (Qden (before w)) * Z.sgn (Qnum (before w))) (Zpos (Qden (after w)) * Z.abs (Qnum (before w))) 0 (snd both).

Definition end_factor (q : Q) (c : Z) : factor := Factor (Qnum q) (Zpos (Qden q)) 0 c.

Definition least_factor (tolerance : Q) (both : pair_of_weights * Z) : factor :=
  end_factor (if 0 <? snd both then 1 - tolerance else 1 + tolerance)%Q (snd both).
Definition most_factor (tolerance : Q) (both : pair_of_weights * Z) : factor :=
  end_factor (if 0 <? snd both then 1 + tolerance else 1 - tolerance)%Q (snd both).

(* r < s *)
Definition fraction_less (r s : fraction) : bool :=
  negb (shifted_le (over s * under r) (doublings s - doublings r) (over r * under s)).

Definition shows_cycle_broken (tolerance : Q) (cycle : list (pair_of_weights * Z)) : bool :=
  if is_tolerance tolerance then
  if forallb (fun both => is_factor (quotient_factor both)) cycle then
  if flows_cancel (map (fun both => ratio (fst both)) cycle) (map snd cycle) then
    let found := product_of (map quotient_factor cycle) in
    if fraction_less found (product_of (map (least_factor tolerance) cycle)) then true
    else fraction_less (product_of (map (most_factor tolerance) cycle)) found
  else false else false else false.

(** The manifold *)

(* Coefficients by synapse: a constraint Σ c_e u_e = 0 on the logarithms u of ratios. *)
Definition entry_of (row : list Z) (e : nat) : Z := nth e row 0.

Fixpoint dot (a b : list Z) : Z := match a, b with x :: a, y :: b => x * y + dot a b | _, _ => 0 end.

Definition column (rows : list (list Z)) (e : nat) : list Z := map (fun row => entry_of row e) rows.

(* What the certificate leaves to be found: for each spanning synapse a direction that moves it alone of them all, over `one`; for each other synapse a
   combination of constraints, over `one`, that holds it and spanning ones alone; and for each constraint what shows that the others do not imply it. *)
Record manifold_hint := ManifoldHint {
  one : Z;
  directions : list (list Z);
  combinations : list (list Z)
}.

Definition kronecker (unit : Z) (i j : nat) : Z := if (i =? j)%nat then unit else 0.

Fixpoint indexed {T} (k : nat) (l : list T) : list (nat * T) := match l with [] => [] | x :: rest => (k, x) :: indexed (S k) rest end.

Definition lengths_are {T} (n : nat) (rows : list (list T)) : bool := forallb (fun row => (length row =? n)%nat) rows.

(* forms: of every synapse, dense; constraints: dense rows; spanning and the others: numbers of synapses. *)
Definition shows_manifold (variables : nat) (forms : list (list Z)) (constraints : list (list Z)) (spanning others : list nat)
  (hint : manifold_hint) : bool :=
  if 0 <? one hint then
  if lengths_are variables forms then
  if lengths_are (length forms) constraints then
  if lengths_are variables (directions hint) then
  if lengths_are (length constraints) (combinations hint) then
  if (length (directions hint) =? length spanning)%nat then
  if (length (combinations hint) =? length others)%nat then
  if (length constraints =? length others)%nat then
  if forallb (fun e => if existsb (Nat.eqb e) spanning then negb (existsb (Nat.eqb e) others) else existsb (Nat.eqb e) others)
       (seq 0 (length forms)) then
  if forallb (fun e => (e <? length forms)%nat) (spanning ++ others) then
  if forallb (fun row => forallb (fun v => dot row (column forms v) =? 0) (seq 0 variables)) constraints then
  if forallb (fun s => forallb (fun d => dot (nth (snd s) forms []) (snd d) =? kronecker (one hint) (fst s) (fst d))
       (indexed 0 (directions hint))) (indexed 0 spanning) then
  if forallb (fun o => forallb (fun b => dot (snd b) (column constraints (snd o)) =? kronecker (one hint) (fst o) (fst b))
       (indexed 0 (combinations hint))) (indexed 0 others) then
    forallb (fun k => forallb (fun j =>
      dot (map (fun o => entry_of (snd k) o) others) (column (combinations hint) (fst j)) =? kronecker (one hint) (fst k) (fst j))
      (indexed 0 constraints)) (indexed 0 constraints)
  else false else false else false else false else false else false else false else false else false else false else false
  else false else false.
