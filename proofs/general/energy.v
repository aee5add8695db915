(* Costs that are products of powers of multipliers, with any exponents: what a point and a circulation say of the infimum of the
   regularizer and of balanced costs (the energy certificate). In the logarithms of the multipliers. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import finite_sums balancing_problem.
Import ListNotations.
Open Scope R_scope.

(* Variables are 0, 1, .. up to a number. Terms have numbers too; those that count are listed: a term of cost 0, or without
   exponents, is not. *)
Record powers := Powers {
  variables : nat;
  counted : list nat;
  coefficient : nat -> R;
  exponent : nat -> nat -> R
}.

Definition positive_costs (P : powers) : Prop := forall e, In e (counted P) -> 0 < coefficient P e.

Definition form (P : powers) (x : nat -> R) (e : nat) : R := sum (variables P) (fun v => exponent P e v * x v).

Definition amount (P : powers) (x : nat -> R) (e : nat) : R := coefficient P e * exp (form P x e).

Definition whole (P : powers) (x : nat -> R) : R := sum_over (counted P) (amount P x).

Definition difference (x z : nat -> R) (v : nat) : R := x v - z v.

(* What a flow on the terms supplies at each variable; a circulation supplies nothing. *)
Definition supplies (P : powers) (y s : nat -> R) : Prop :=
  forall v, (v < variables P)%nat -> sum_over (counted P) (fun e => y e * exponent P e v) = s v.

Definition circulates (P : powers) (y : nat -> R) : Prop := supplies P y (fun _ => 0).

(* The derivatives of the regularizer are 0: the costs are a circulation. *)
Definition steady (P : powers) (x : nat -> R) : Prop := circulates P (amount P x).

Definition lowest (P : powers) (x : nat -> R) : Prop := forall z, whole P x <= whole P z.

Definition gap_of (y w : R) : R := (y - w) ^ 2 / w.

Definition gap (P : powers) (y x : nat -> R) : R := sum_over (counted P) (fun e => gap_of (y e) (amount P x e)).

Lemma sum_over_sum : forall {T} (l : list T) n f,
  sum_over l (fun e => sum n (f e)) = sum n (fun v => sum_over l (fun e => f e v)).
Proof.
  intros T l n f. induction n as [|n IH]; simpl; [apply sum_over_zero; reflexivity|].
  rewrite sum_over_plus, IH. reflexivity.
Qed.

Lemma form_difference : forall P x z e, form P (difference x z) e = form P x e - form P z e.
Proof.
  intros. unfold form, difference. rewrite <- sum_minus. apply sum_ext. intros. ring.
Qed.

Lemma flow_against_forms : forall P y s d,
  supplies P y s -> sum_over (counted P) (fun e => y e * form P d e) = sum (variables P) (fun v => s v * d v).
Proof.
  intros P y s d H. unfold form.
  rewrite (sum_over_ext _ _ (fun e => sum (variables P) (fun v => y e * exponent P e v * d v))).
  2:{ intros e _. rewrite <- sum_scale. apply sum_ext. intros. ring. }
  rewrite sum_over_sum. apply sum_ext. intros v Hv. rewrite <- (H v Hv).
  rewrite (sum_over_ext _ _ (fun e => d v * (y e * exponent P e v))) by (intros; ring).
  rewrite sum_over_scale. ring.
Qed.

Lemma circulation_against_forms : forall P y d,
  circulates P y -> sum_over (counted P) (fun e => y e * form P d e) = 0.
Proof.
  intros P y d H. rewrite (flow_against_forms P y (fun _ => 0)) by exact H.
  apply sum_zero. intros. ring.
Qed.

Lemma amount_positive : forall P x e, positive_costs P -> In e (counted P) -> 0 < amount P x e.
Proof. intros P x e H He. apply Rmult_lt_0_compat; [apply H; exact He|apply exp_pos]. Qed.

Lemma amount_moved : forall P x z e, amount P z e = amount P x e * exp (form P (difference z x) e).
Proof.
  intros. unfold amount. rewrite form_difference, Rmult_assoc, <- exp_plus. do 2 f_equal. ring.
Qed.

(** The gap bounds how far the regularizer is above any other point. *)

Lemma log_below : forall t, 0 < t -> ln t <= t - 1.
Proof.
  intros t Ht. assert (H := exp_ineq1_le (ln t)). rewrite exp_ln in H by exact Ht. lra.
Qed.

Lemma gap_of_one : forall w y s, 0 < w -> 0 <= y -> w - w * exp s <= gap_of y w - y * s.
Proof.
  intros w y s Hw [Hy|<-]; unfold gap_of.
  - assert (0 < y / w) as Hq by (apply Rdiv_lt_0_compat; assumption).
    assert (y * (1 + (s - ln (y / w))) <= w * exp s).
    { replace (w * exp s) with (y * exp (s - ln (y / w))).
      - apply Rmult_le_compat_l; [lra|]. apply exp_ineq1_le.
      - unfold Rminus. rewrite exp_plus, exp_Ropp, exp_ln by exact Hq. field. lra. }
    assert (y * ln (y / w) <= y * (y / w - 1)) by (apply Rmult_le_compat_l; [lra|apply log_below; exact Hq]).
    replace ((y - w) ^ 2 / w) with (y * (y / w - 1) - y + w) by (field; lra). lra.
  - replace ((0 - w) ^ 2 / w) with w by (field; lra). assert (0 < exp s) by apply exp_pos. nra.
Qed.

Lemma gap_of_nonneg : forall y w, 0 < w -> 0 <= gap_of y w.
Proof.
  intros y w Hw. unfold gap_of. apply Rmult_le_pos; [apply pow2_ge_0|]. left. apply Rinv_0_lt_compat. exact Hw.
Qed.

Lemma gap_of_zero : forall w, 0 < w -> gap_of 0 w = w.
Proof. intros w Hw. unfold gap_of. field. lra. Qed.

Lemma gap_bound_supplied : forall P y s x z,
  positive_costs P -> (forall e, In e (counted P) -> 0 <= y e) -> supplies P y s ->
  whole P x - whole P z <= gap P y x - sum (variables P) (fun v => s v * (z v - x v)).
Proof.
  intros P y s x z HP Hy Hs.
  change (fun v => s v * (z v - x v)) with (fun v => s v * difference z x v).
  rewrite <- (flow_against_forms P y s (difference z x) Hs). unfold whole, gap. rewrite <- !sum_over_minus.
  apply sum_over_le. intros e He. rewrite (amount_moved P x z). apply gap_of_one; [|auto].
  apply amount_positive; assumption.
Qed.

Lemma energy_gap_bound : forall P y x z,
  positive_costs P -> (forall e, In e (counted P) -> 0 <= y e) -> circulates P y ->
  whole P x - whole P z <= gap P y x.
Proof.
  intros P y x z HP Hy Hc. assert (H := gap_bound_supplied P y (fun _ => 0) x z HP Hy Hc).
  rewrite (sum_zero (variables P)) in H; [lra|]. intros. ring.
Qed.

(** What one term of u = log (w / best) adds *)

Definition loss (u : R) : R := 1 - (1 + u) * exp (- u).

Lemma exp_minus : forall u, exp (- u) * exp u = 1.
Proof. intros u. rewrite <- exp_plus, Rplus_opp_l. apply exp_0. Qed.

Lemma loss_nonneg : forall u, 0 <= loss u.
Proof.
  intros u. unfold loss. assert (H := exp_minus u). assert (0 < exp (- u)) by apply exp_pos.
  assert (1 + u <= exp u) by apply exp_ineq1_le. nra.
Qed.

Lemma rises_from_zero : forall f f',
  (forall t, derivable_pt_lim f t (f' t)) -> (forall t, 0 < t -> 0 < f' t) -> forall t, 0 < t -> f 0 < f t.
Proof.
  intros f f' Hd Hp t Ht. destruct (MVT_cor2 f f' 0 t Ht) as (c & Hc & Hin); [intros; apply Hd|].
  assert (0 < f' c) by (apply Hp; lra). nra.
Qed.

Lemma half_square_derivative : forall t, derivable_pt_lim (fun t => t * t / 2) t t.
Proof.
  intros t. replace t with ((1 * t + t * 1) * / 2 + t * t * 0) at 2 by field.
  apply (derivable_pt_lim_mult (fun t => t * t) (fun _ => / 2)); [|apply derivable_pt_lim_const].
  apply (derivable_pt_lim_mult id id); apply derivable_pt_lim_id.
Qed.

Lemma exp_above_square : forall r, 0 < r -> 1 + r + r ^ 2 / 2 < exp r.
Proof.
  intros r Hr. pose (f := fun t => exp t - (1 + t + t * t / 2)).
  assert (f 0 < f r) as H.
  { apply rises_from_zero with (fun t => exp t - (0 + 1 + t)); [| |exact Hr].
    - intros t. apply (derivable_pt_lim_minus exp (fun t => 1 + t + t * t / 2)); [apply derivable_pt_lim_exp|].
      apply (derivable_pt_lim_plus (fun t => 1 + t) (fun t => t * t / 2)); [|apply half_square_derivative].
      apply (derivable_pt_lim_plus (fun _ => 1) id); [apply derivable_pt_lim_const|apply derivable_pt_lim_id].
    - intros t Ht. assert (1 + t < exp t) by (apply exp_ineq1; lra). lra. }
  unfold f in H. rewrite exp_0 in H. replace (r ^ 2) with (r * r) by ring. lra.
Qed.

Lemma exp_below_square : forall r, 0 < r -> (1 - r) * exp r < 1 - r ^ 2 / 2.
Proof.
  intros r Hr. pose (f := fun t => (t - 1) * exp t - t * t / 2).
  assert (f 0 < f r) as H.
  { apply rises_from_zero with (fun t => (1 - 0) * exp t + (t - 1) * exp t - t); [| |exact Hr].
    - intros t. apply (derivable_pt_lim_minus (fun t => (t - 1) * exp t) (fun t => t * t / 2)); [|apply half_square_derivative].
      apply (derivable_pt_lim_mult (fun t => t - 1) exp); [|apply derivable_pt_lim_exp].
      apply (derivable_pt_lim_minus id (fun _ => 1)); [apply derivable_pt_lim_id|apply derivable_pt_lim_const].
    - intros t Ht. assert (1 + t < exp t) by (apply exp_ineq1; lra).
      replace ((1 - 0) * exp t + (t - 1) * exp t - t) with (t * (exp t - 1)) by ring. apply Rmult_lt_0_compat; lra. }
  unfold f in H. rewrite exp_0 in H. replace (r ^ 2) with (r * r) by ring. lra.
Qed.

Lemma exp_below_inverse : forall r, r < 1 -> exp r <= / (1 - r).
Proof.
  intros r Hr. assert (H := exp_ineq1_le (- r)). assert (H1 := exp_minus r). assert (0 < exp r) by apply exp_pos.
  apply Rmult_le_reg_l with (1 - r); [lra|]. rewrite Rinv_r by lra. nra.
Qed.

(* Outside of [-r, r] the loss is more than at its ends. *)
Lemma loss_far : forall u r, 0 < r < 1 -> r < Rabs u -> (1 - r) * r ^ 2 / 2 < loss u.
Proof.
  intros u r Hr Hu. unfold loss. destruct (Rle_or_lt 0 u) as [Hpos|Hneg].
  - rewrite Rabs_right in Hu by lra.
    assert (0 < exp (- u)) by apply exp_pos. assert (0 < exp (- r)) by apply exp_pos.
    assert ((1 + u) * exp (- u) <= (1 + r) * exp (- r)).
    { replace (- r) with (- u + (u - r)) by ring. rewrite exp_plus.
      assert (1 + (u - r) <= exp (u - r)) by apply exp_ineq1_le.
      assert (1 + u <= (1 + r) * exp (u - r)) by nra. nra. }
    assert (Hq := exp_above_square r (proj1 Hr)). assert (Hm := exp_minus r).
    assert (1 - r <= exp (- r)) by (assert (Hl := exp_ineq1_le (- r)); lra).
    assert (exp (- r) * (1 + r + r ^ 2 / 2) < 1) by nra. assert (0 < r ^ 2) by nra. nra.
  - rewrite Rabs_left in Hu by exact Hneg. set (t := - u) in *.
    assert (0 < exp t) by apply exp_pos. assert (0 < exp r) by apply exp_pos.
    replace (1 + u) with (1 - t) by (unfold t; ring).
    assert ((1 - t) * exp t <= (1 - r) * exp r).
    { replace t with (r + (t - r)) at 2 by ring. rewrite exp_plus.
      destruct (Rle_or_lt 1 t) as [H1|H1]; [assert (0 < exp (t - r)) by apply exp_pos; assert (0 < exp r * exp (t - r)) by nra; nra|].
      assert (H2 := exp_minus (t - r)). assert (H3 := exp_ineq1_le (- (t - r))). assert (0 < exp (t - r)) by apply exp_pos.
      assert ((1 - t) * exp (t - r) <= 1 - r); [|nra].
      assert (1 - t <= (1 - r) * exp (- (t - r))) by nra. nra. }
    assert (Hq := exp_below_square r (proj1 Hr)). assert (0 < r ^ 2) by nra. nra.
Qed.

(* A radius r of the logarithm, for a cost of at least `low` and a gap of at most G: the sharp test, or the one that the program uses, which
   a gap of at most a sixteenth of the cost can pass. *)
Definition radius_passes (G low r : R) : Prop :=
  (0 < r < 1 /\ G <= low * (1 - r) * r ^ 2 / 2) \/ (0 <= r <= / 2 /\ 4 * G <= r ^ 2 * low).

Lemma radius_passes_range : forall G low r, radius_passes G low r -> 0 <= r < 1.
Proof. intros G low r [[H _]|[H _]]; lra. Qed.

Lemma radius_passes_above : forall G low w r, radius_passes G low r -> low <= w -> radius_passes G w r.
Proof.
  intros G low w r [[Hr H]|[Hr H]] Hw; [left|right]; (split; [exact Hr|]); assert (Hs := pow2_ge_0 r).
  - assert (0 <= (1 - r) * r ^ 2) by (apply Rmult_le_pos; lra).
    assert (low * ((1 - r) * r ^ 2) <= w * ((1 - r) * r ^ 2)) by (apply Rmult_le_compat_r; lra). lra.
  - apply Rle_trans with (1 := H). apply Rmult_le_compat_l; assumption.
Qed.

Lemma sixteenth_passes : forall G low, 0 <= G -> 0 < low -> 16 * G <= low -> radius_passes G low (2 * sqrt (G / low)).
Proof.
  intros G low HG Hl H. right. assert (0 < / low) by (apply Rinv_0_lt_compat; exact Hl).
  assert (0 <= G / low) as Hq by (apply Rmult_le_pos; lra). assert (Hs := sqrt_pos (G / low)). assert (Hss := sqrt_sqrt (G / low) Hq).
  set (s := sqrt (G / low)) in *.
  assert (G / low * low = G) as E by (field; lra). split.
  - split; [lra|]. assert (s * s <= / 4 * / 4); [|nra]. rewrite Hss. apply Rmult_le_reg_r with low; lra.
  - replace ((2 * s) ^ 2 * low) with (4 * (s * s * low)) by ring. rewrite Hss, E. lra.
Qed.

(* A term whose flow is 0 adds its cost to the gap, so it passes no test. *)
Lemma radius_passes_small : forall G w r, 0 < w -> radius_passes G w r -> G < w.
Proof.
  intros G w r Hw [[Hr H]|[Hr H]].
  - assert (w * ((1 - r) * r ^ 2) <= w * 1); [|lra]. apply Rmult_le_compat_l; [lra|]. nra.
  - assert (r ^ 2 * w <= 1 * w); [|lra]. apply Rmult_le_compat_r; [lra|]. nra.
Qed.

Lemma loss_zero : forall u, loss u <= 0 -> u = 0.
Proof.
  intros u H. destruct (Req_dec u 0) as [|Hu]; [assumption|]. exfalso.
  assert (0 < Rabs u) by (apply Rabs_pos_lt; exact Hu).
  pose (q := Rmin (Rabs u / 2) (/ 2)). assert (Q1 := Rmin_l (Rabs u / 2) (/ 2)). assert (Q2 := Rmin_r (Rabs u / 2) (/ 2)).
  assert (0 < q) by (apply Rmin_pos; lra). fold q in Q1, Q2.
  assert (Hfar := loss_far u q ltac:(lra) ltac:(lra)). assert (0 < q ^ 2) by nra. nra.
Qed.

Lemma radius_of_loss : forall w u G r, 0 < w -> w * loss u <= G -> radius_passes G w r -> Rabs u <= r.
Proof.
  intros w u G r Hw Hu Hp. destruct (Rle_or_lt (Rabs u) r) as [|Hfar]; [assumption|]. exfalso.
  assert (forall q, 0 < q < 1 -> q < Rabs u -> w * (1 - q) * q ^ 2 / 2 < G) as Hq.
  { intros q H1 H2. assert (H3 := loss_far u q H1 H2).
    assert (w * ((1 - q) * q ^ 2 / 2) < w * loss u) by (apply Rmult_lt_compat_l; assumption). lra. }
  destruct Hp as [[Hr H]|[[[Hr|<-] Hr2] H]].
  - specialize (Hq r Hr Hfar). lra.
  - specialize (Hq r ltac:(lra) Hfar). assert (0 <= r ^ 2 * w) by (apply Rmult_le_pos; [apply pow2_ge_0|lra]).
    assert (0 <= r ^ 2 * w * (1 - r - / 2)) by (apply Rmult_le_pos; lra). lra.
  - assert (w * loss u <= 0) by lra. assert (loss u <= 0) by nra. rewrite (loss_zero u), Rabs_R0 in Hfar by assumption. lra.
Qed.

(** Enclosures *)

(* The regularizer falls nowhere from `best` towards x, to first order: so at a balanced point, and at a minimum under bounds. *)
Definition lowest_towards (P : powers) (best x : nat -> R) : Prop :=
  0 <= sum_over (counted P) (fun e => amount P best e * form P (difference x best) e).

Lemma steady_lowest_towards : forall P best x, steady P best -> lowest_towards P best x.
Proof. intros P best x H. unfold lowest_towards. rewrite circulation_against_forms by exact H. lra. Qed.

Lemma loss_of_amounts : forall P best x d,
  amount P x d * loss (form P (difference x best) d)
  = amount P x d - amount P best d - amount P best d * form P (difference x best) d.
Proof.
  intros P best x d. unfold loss. rewrite (amount_moved P best x). set (u := form P (difference x best) d).
  assert (H := exp_minus u). replace (amount P best d * exp u * (1 - (1 + u) * exp (- u)))
    with (amount P best d * exp u - amount P best d * (1 + u) * (exp (- u) * exp u)) by ring. rewrite H. ring.
Qed.

Lemma losses_of_all : forall P best x e,
  positive_costs P -> lowest_towards P best x -> In e (counted P) ->
  amount P x e * loss (form P (difference x best) e) <= whole P x - whole P best.
Proof.
  intros P best x e HP Hb He. unfold whole. rewrite <- sum_over_minus.
  apply Rle_trans with (sum_over (counted P) (fun d => amount P x d * loss (form P (difference x best) d))).
  - apply (sum_over_member (counted P) (fun d => amount P x d * loss (form P (difference x best) d)) e); [|exact He].
    intros d Hin. apply Rmult_le_pos; [left; apply amount_positive; assumption|apply loss_nonneg].
  - rewrite (sum_over_ext _ _ _ (fun d _ => loss_of_amounts P best x d)), sum_over_minus. unfold lowest_towards in Hb. lra.
Qed.

Lemma amounts_as_logarithm : forall P best x e,
  positive_costs P -> In e (counted P) ->
  ln (amount P best e / amount P x e) = - form P (difference x best) e.
Proof.
  intros P best x e HP He. assert (0 < amount P best e) by (apply amount_positive; assumption).
  assert (0 < exp (form P (difference x best) e)) by apply exp_pos.
  rewrite (amount_moved P best x).
  replace (amount P best e / (amount P best e * exp (form P (difference x best) e)))
    with (/ exp (form P (difference x best) e)) by (field; lra).
  rewrite <- exp_Ropp. apply ln_exp.
Qed.

Lemma energy_radius : forall P best x G e r,
  positive_costs P -> lowest_towards P best x -> whole P x - whole P best <= G -> In e (counted P) ->
  radius_passes G (amount P x e) r -> Rabs (ln (amount P best e / amount P x e)) <= r.
Proof.
  intros P best x G e r HP Hb HG He Ht. rewrite amounts_as_logarithm by assumption. rewrite Rabs_Ropp.
  apply radius_of_loss with (amount P x e) G; [apply amount_positive; assumption| |exact Ht].
  apply Rle_trans with (2 := HG). apply losses_of_all; assumption.
Qed.

(* A radius of the logarithm as an interval, from an enclosure of the cost at the point. *)
Lemma interval_of_radius : forall w best r low high,
  0 < w -> 0 < best -> 0 <= r < 1 -> Rabs (ln (best / w)) <= r -> 0 <= low <= w -> w <= high ->
  low * (1 - r) <= best <= high / (1 - r).
Proof.
  intros w best r low high Hw Hb Hr H Hlow Hhigh.
  assert (0 < best / w) as Hq by (apply Rdiv_lt_0_compat; assumption).
  assert (best = w * exp (ln (best / w))) as E by (rewrite exp_ln by exact Hq; field; lra).
  set (u := ln (best / w)) in *. assert (H2 := Rle_abs u). assert (H1 := Rle_abs (- u)). rewrite Rabs_Ropp in H1.
  assert (1 - r <= exp u).
  { apply Rle_trans with (exp (- r)); [assert (H3 := exp_ineq1_le (- r)); lra|]. apply exp_le. lra. }
  assert (exp u <= / (1 - r)).
  { apply Rle_trans with (exp r); [apply exp_le; lra|]. apply exp_below_inverse. lra. }
  assert (0 < / (1 - r)) by (apply Rinv_0_lt_compat; lra).
  rewrite E. split; [nra|]. unfold Rdiv. apply Rmult_le_compat; lra.
Qed.

Lemma energy_enclosure : forall P best x G e r low high,
  positive_costs P -> lowest_towards P best x -> whole P x - whole P best <= G -> In e (counted P) ->
  0 <= low <= amount P x e -> amount P x e <= high -> radius_passes G low r ->
  low * (1 - r) <= amount P best e <= high / (1 - r).
Proof.
  intros P best x G e r low high HP Hb HG He Hlow Hhigh Ht.
  apply interval_of_radius with (amount P x e); try apply amount_positive; try assumption.
  - apply radius_passes_range with (1 := Ht).
  - apply energy_radius with G; try assumption. apply radius_passes_above with low; [exact Ht|apply Hlow].
Qed.
