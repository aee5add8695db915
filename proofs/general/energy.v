(* Costs that are products of powers of multipliers, with any exponents: what a point and a conserved flow say of the minimum of the
   regularizer (the energy certificate), where the minimum is attained, and bounds on the multipliers. In the logarithms of the
   multipliers; proofs of certificates put multipliers back. *)

From Coq Require Import Reals List Arith Lra Lia Classical.
From Synbal Require Import finite_sums balancing_problem exponential_sums.
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

Theorem energy_gap_bound : forall P y x z,
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

(** Enclosures *)

(* The regularizer falls nowhere from `best` towards x, to first order: so at a balanced point, and at a minimum under bounds. *)
Definition lowest_towards (P : powers) (best x : nat -> R) : Prop :=
  0 <= sum_over (counted P) (fun e => amount P best e * form P (difference x best) e).

Lemma steady_lowest_towards : forall P best x, steady P best -> lowest_towards P best x.
Proof. intros P best x H. unfold lowest_towards. rewrite circulation_against_forms by exact H. lra. Qed.

Lemma losses_of_all : forall P best x e,
  positive_costs P -> lowest_towards P best x -> In e (counted P) ->
  amount P x e * loss (form P (difference x best) e) <= whole P x - whole P best.
Proof.
  intros P best x e HP Hb He. unfold whole. rewrite <- sum_over_minus.
  assert (forall d, amount P x d * loss (form P (difference x best) d)
    = amount P x d - amount P best d - amount P best d * form P (difference x best) d) as Hd.
  { intros d. unfold loss. rewrite (amount_moved P best x). set (u := form P (difference x best) d).
    assert (H := exp_minus u). replace (amount P best d * exp u * (1 - (1 + u) * exp (- u)))
      with (amount P best d * exp u - amount P best d * (1 + u) * (exp (- u) * exp u)) by ring. rewrite H. ring. }
  apply Rle_trans with (sum_over (counted P) (fun d => amount P x d * loss (form P (difference x best) d))).
  - apply (sum_over_member (counted P) (fun d => amount P x d * loss (form P (difference x best) d)) e); [|exact He].
    intros d Hin. apply Rmult_le_pos; [left; apply amount_positive; assumption|apply loss_nonneg].
  - rewrite (sum_over_ext _ _ _ (fun d _ => Hd d)), sum_over_minus. unfold lowest_towards in Hb. lra.
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

Theorem energy_radius : forall P best x G e r,
  positive_costs P -> lowest_towards P best x -> whole P x - whole P best <= G -> In e (counted P) ->
  0 < r < 1 -> G <= amount P x e * (1 - r) * r ^ 2 / 2 ->
  Rabs (ln (amount P best e / amount P x e)) <= r.
Proof.
  intros P best x G e r HP Hb HG He Hr Ht. rewrite amounts_as_logarithm by assumption. rewrite Rabs_Ropp.
  destruct (Rle_or_lt (Rabs (form P (difference x best) e)) r) as [|Hfar]; [assumption|]. exfalso.
  assert (H1 := losses_of_all P best x e HP Hb He). assert (H2 := loss_far _ r Hr Hfar).
  assert (0 < amount P x e) by (apply amount_positive; assumption).
  assert (amount P x e * ((1 - r) * r ^ 2 / 2) < amount P x e * loss (form P (difference x best) e))
    by (apply Rmult_lt_compat_l; assumption). lra.
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

Theorem energy_enclosure : forall P best x G e r low high,
  positive_costs P -> lowest_towards P best x -> whole P x - whole P best <= G -> In e (counted P) ->
  0 <= low <= amount P x e -> amount P x e <= high ->
  0 < r < 1 -> G <= low * (1 - r) * r ^ 2 / 2 ->
  low * (1 - r) <= amount P best e <= high / (1 - r).
Proof.
  intros P best x G e r low high HP Hb HG He Hlow Hhigh Hr Ht.
  apply interval_of_radius with (amount P x e); try apply amount_positive; try assumption; [lra|].
  apply energy_radius with G; try assumption. apply Rle_trans with (1 := Ht).
  assert (0 <= (1 - r) * r ^ 2) by (assert (0 < r ^ 2) by nra; nra).
  assert (low * ((1 - r) * r ^ 2) <= amount P x e * ((1 - r) * r ^ 2)) by (apply Rmult_le_compat_r; lra). lra.
Qed.

(* The radius that the program uses. A gap of at most a sixteenth of the lower end leaves such an r. *)
Theorem energy_enclosure_simple : forall P best x G e r low high,
  positive_costs P -> lowest_towards P best x -> whole P x - whole P best <= G -> In e (counted P) ->
  0 < low <= amount P x e -> amount P x e <= high ->
  0 <= r <= / 2 -> 4 * G <= r ^ 2 * low ->
  low * (1 - r) <= amount P best e <= high / (1 - r).
Proof.
  intros P best x G e r low high HP Hb HG He Hlow Hhigh [[Hr|Hr] Hr2] Ht.
  - apply energy_enclosure with x G; try assumption; [lra|lra|].
    assert (0 < r ^ 2) by nra. assert (0 <= r ^ 2 * low) by (apply Rmult_le_pos; lra).
    assert (0 <= r ^ 2 * low * (1 - r - / 2)) by (apply Rmult_le_pos; lra). lra.
  - subst r. assert (H1 := losses_of_all P best x e HP Hb He).
    destruct (Req_dec (form P (difference x best) e) 0) as [Hz|Hz].
    + assert (amount P best e = amount P x e) as E.
      { rewrite (amount_moved P best x), Hz, exp_0. ring. }
      rewrite E. unfold Rdiv. replace (1 - 0) with 1 by ring. rewrite Rinv_1. lra.
    + exfalso. set (u := form P (difference x best) e) in *.
      assert (0 < Rabs u) by (apply Rabs_pos_lt; exact Hz).
      set (q := Rmin (Rabs u / 2) (/ 2)). assert (Q1 := Rmin_l (Rabs u / 2) (/ 2)). assert (Q2 := Rmin_r (Rabs u / 2) (/ 2)).
      assert (0 < q) by (apply Rmin_pos; lra). fold q in Q1, Q2.
      assert (H2 := loss_far u q ltac:(lra) ltac:(lra)). assert (0 < amount P x e) by (apply amount_positive; assumption).
      assert (0 < (1 - q) * q ^ 2 / 2) by (assert (0 < q ^ 2) by nra; nra). assert (0 < loss u) by lra.
      assert (0 < amount P x e * loss u) by (apply Rmult_lt_0_compat; assumption). lra.
Qed.

(** Minima are where the costs are a circulation. *)

Lemma whole_above_tangent : forall P x z,
  positive_costs P ->
  whole P x + sum_over (counted P) (fun e => amount P x e * form P (difference z x) e) <= whole P z.
Proof.
  intros P x z HP. unfold whole. rewrite <- sum_over_plus. apply sum_over_le. intros e He.
  rewrite (amount_moved P x z). assert (0 < amount P x e) by (apply amount_positive; assumption).
  assert (H1 := exp_ineq1_le (form P (difference z x) e)). nra.
Qed.

Lemma exp_chord : forall t f, 0 <= t <= 1 -> exp (t * f) <= 1 + t * (exp f - 1).
Proof.
  intros t f Ht. assert (0 < exp (t * f)) by apply exp_pos.
  assert (exp (t * f) * (1 + - (t * f)) <= 1).
  { assert (H1 := exp_ineq1_le (- (t * f))). assert (H2 := exp_minus (t * f)). nra. }
  assert (exp (t * f) * (1 + (f - t * f)) <= exp f).
  { replace (exp f) with (exp (t * f) * exp (f - t * f)) by (rewrite <- exp_plus; f_equal; ring).
    apply Rmult_le_compat_l; [lra|apply exp_ineq1_le]. }
  assert ((1 - t) * (exp (t * f) * (1 + - (t * f))) <= (1 - t) * 1) by (apply Rmult_le_compat_l; lra).
  assert (t * (exp (t * f) * (1 + (f - t * f))) <= t * exp f) by (apply Rmult_le_compat_l; lra).
  replace (exp (t * f)) with ((1 - t) * (exp (t * f) * (1 + - (t * f))) + t * (exp (t * f) * (1 + (f - t * f)))) by ring.
  lra.
Qed.

Definition between (x z : nat -> R) (t : R) (v : nat) : R := x v + t * (z v - x v).

Lemma form_between : forall P x z t e, form P (between x z t) e = form P x e + t * form P (difference z x) e.
Proof.
  intros. unfold form, between, difference. rewrite <- sum_scale, <- sum_plus. apply sum_ext. intros. ring.
Qed.

Lemma lowest_on_segment_towards : forall P best x,
  positive_costs P -> (forall t, 0 < t <= 1 -> whole P best <= whole P (between best x t)) ->
  lowest_towards P best x.
Proof.
  intros P best x HP Hmin. unfold lowest_towards.
  set (f := form P (difference x best)). set (w := amount P best).
  set (S := sum_over (counted P) (fun e => w e * f e)).
  set (K := sum_over (counted P) (fun e => w e * (f e * (exp (f e) - 1) + f e ^ 2))).
  assert (forall q, 0 <= q * (exp q - 1)) as Hsign.
  { intros q. assert (H1 := exp_ineq1_le q). assert (H2 := exp_ineq1_le (- q)). assert (H3 := exp_minus q).
    assert (0 < exp q) by apply exp_pos. destruct (Rle_or_lt 0 q); [nra|]. assert (exp q < 1); [|nra].
    rewrite <- exp_0. apply exp_increasing. assumption. }
  assert (0 <= K) as HK.
  { apply sum_over_nonneg. intros e He. apply Rmult_le_pos; [left; apply amount_positive; assumption|].
    specialize (Hsign (f e)). assert (0 <= f e ^ 2) by apply pow2_ge_0. lra. }
  assert (forall t, 0 < t <= 1 -> 0 <= S + t * K) as Ht.
  { intros t Ht. set (z := between best x t).
    assert (H1 := whole_above_tangent P z best HP). specialize (Hmin t Ht). fold z in Hmin.
    assert (forall e, form P (difference best z) e = - (t * f e)) as Hf.
    { intros e. rewrite form_difference. unfold z, f. rewrite form_between. ring. }
    assert (forall e, amount P z e = w e * exp (t * f e)) as Hw.
    { intros e. rewrite (amount_moved P best z). unfold w. do 2 f_equal. rewrite form_difference. unfold z, f.
      rewrite form_between. ring. }
    rewrite (sum_over_ext _ _ (fun e => - t * (w e * exp (t * f e) * f e))) in H1.
    2:{ intros e _. rewrite Hf, Hw. ring. }
    rewrite sum_over_scale in H1.
    apply Rle_trans with (sum_over (counted P) (fun e => w e * exp (t * f e) * f e)); [nra|].
    unfold S, K. rewrite <- sum_over_scale, <- sum_over_plus. apply sum_over_le. intros e He.
    assert (0 < w e) by (apply amount_positive; assumption).
    assert (exp (t * f e) * f e <= f e + t * (f e * (exp (f e) - 1) + f e ^ 2)); [|nra].
    assert (H3 := Hsign (f e)). assert (H4 := pow2_ge_0 (f e)).
    destruct (Rle_or_lt 0 (f e)) as [Hp|Hn].
    - assert (H5 := exp_chord t (f e) ltac:(lra)). nra.
    - assert (H5 := exp_ineq1_le (t * f e)). nra. }
  destruct (Rle_or_lt 0 S) as [|Hneg]; [assumption|]. exfalso.
  pose (t := Rmin 1 (- S / (2 * (K + 1)))). assert (T1 := Rmin_l 1 (- S / (2 * (K + 1)))).
  assert (T2 := Rmin_r 1 (- S / (2 * (K + 1)))). fold t in T1, T2.
  assert (0 < - S / (2 * (K + 1))) as Hq by (apply Rdiv_lt_0_compat; lra).
  assert (0 < t) as Htp by (apply Rmin_pos; lra). specialize (Ht t (conj Htp T1)).
  assert (- S / (2 * (K + 1)) * (2 * (K + 1)) = - S) as E by (field; lra). nra.
Qed.

Definition one_at (v : nat) (u : nat) : R := if (u =? v)%nat then 1 else 0.

Lemma sum_one_at : forall n v f, (v < n)%nat -> sum n (fun u => f u * one_at v u) = f v.
Proof.
  intros n v f Hv. rewrite (sum_single n _ v Hv).
  - unfold one_at. rewrite Nat.eqb_refl. ring.
  - intros u _ Hne. unfold one_at. destruct (Nat.eqb_spec u v); [contradiction|ring].
Qed.

Theorem lowest_iff_steady : forall P x, positive_costs P -> (lowest P x <-> steady P x).
Proof.
  intros P x HP. split.
  - intros Hmin v Hv.
    assert (forall k, 0 <= k * sum_over (counted P) (fun e => amount P x e * exponent P e v)) as Hk.
    { intros k. pose (z := fun u => x u + k * one_at v u).
      assert (H := lowest_on_segment_towards P x z HP (fun t _ => Hmin _)). unfold lowest_towards in H.
      rewrite (sum_over_ext _ _ (fun e => k * (amount P x e * exponent P e v))), sum_over_scale in H; [exact H|].
      intros e _. unfold form. rewrite (sum_ext _ _ (fun u => k * (exponent P e u * one_at v u))).
      - rewrite sum_scale, sum_one_at by exact Hv. ring.
      - intros u _. unfold difference, z. ring. }
    assert (H1 := Hk 1). assert (H2 := Hk (-1)). lra.
  - intros Hs z. assert (H := energy_gap_bound P (amount P x) x z HP (fun e He => Rlt_le _ _ (amount_positive P x e HP He)) Hs).
    unfold gap in H. rewrite sum_over_zero in H; [lra|].
    intros e _. unfold gap_of. replace (amount P x e - amount P x e) with 0 by ring. unfold Rdiv. ring.
Qed.

(* All balanced points have the same costs. *)
Theorem steady_costs_unique : forall P x z e,
  positive_costs P -> steady P x -> steady P z -> In e (counted P) -> amount P x e = amount P z e.
Proof.
  intros P x z e HP Hx Hz He. assert (0 < amount P x e) by (apply amount_positive; assumption).
  assert (H1 : lowest P x) by (apply lowest_iff_steady; assumption).
  assert (Henc := energy_enclosure_simple P z x 0 e 0 (amount P x e) (amount P x e) HP (steady_lowest_towards P z x Hz)).
  assert (amount P x e * (1 - 0) <= amount P z e <= amount P x e / (1 - 0)) as [H2 H3].
  { apply Henc; try lra; [specialize (H1 z); lra|exact He]. }
  replace (1 - 0) with 1 in * by ring. unfold Rdiv in H3. rewrite Rinv_1 in H3. lra.
Qed.

(* The multiplier of a variable, where some combination of terms has the exponents of that variable alone. *)
Theorem variable_enclosed : forall P best x v z r,
  positive_costs P -> supplies P z (one_at v) -> (v < variables P)%nat ->
  (forall e, In e (counted P) -> z e <> 0 -> Rabs (ln (amount P best e / amount P x e)) <= r e) ->
  Rabs (best v - x v) <= sum_over (counted P) (fun e => Rabs (z e) * r e).
Proof.
  intros P best x v z r HP Hz Hv Hr.
  assert (H := flow_against_forms P z (one_at v) (difference x best) Hz).
  rewrite (sum_ext _ _ (fun u => difference x best u * one_at v u)), sum_one_at in H; [|exact Hv|intros; ring].
  replace (best v - x v) with (- (difference x best v)) by (unfold difference; ring). rewrite Rabs_Ropp, <- H.
  assert (forall (l : list nat) f, Rabs (sum_over l f) <= sum_over l (fun e => Rabs (f e))) as Habs.
  { induction l as [|e l IH]; intros f; simpl; [rewrite Rabs_R0; lra|].
    apply Rle_trans with (Rabs (f e) + Rabs (sum_over l f)); [apply Rabs_triang|]. specialize (IH f). lra. }
  apply Rle_trans with (1 := Habs _ _). apply sum_over_le. intros e He. rewrite Rabs_mult.
  destruct (Req_dec (z e) 0) as [E|Hne]; [rewrite E, Rabs_R0; lra|].
  apply Rmult_le_compat_l; [apply Rabs_pos|]. rewrite <- Rabs_Ropp, <- amounts_as_logarithm by assumption. auto.
Qed.

(** Where the minimum is not attained: the terms that are on some circulation, and perhaps others, have a problem of their own. *)

Definition kept_powers (P : powers) (keep : nat -> bool) : powers :=
  Powers (variables P) (filter keep (counted P)) (coefficient P) (exponent P).

Lemma sum_over_kept : forall (l : list nat) keep f,
  sum_over (filter keep l) f = sum_over l (fun e => if keep e then f e else 0).
Proof.
  induction l as [|e l IH]; intros keep f; simpl; [reflexivity|]. rewrite <- IH. destruct (keep e); simpl; lra.
Qed.

Lemma kept_positive : forall P keep, positive_costs P -> positive_costs (kept_powers P keep).
Proof. intros P keep HP e He. apply filter_In in He. apply HP. apply He. Qed.

Lemma kept_gap : forall P keep y x z,
  positive_costs P -> (forall e, In e (counted P) -> 0 <= y e) -> circulates P y ->
  (forall e, In e (counted P) -> keep e = false -> y e = 0) ->
  whole (kept_powers P keep) x - whole (kept_powers P keep) z <= gap P y x.
Proof.
  intros P keep y x z HP Hy Hc Hk. apply Rle_trans with (gap (kept_powers P keep) y x).
  - apply energy_gap_bound; [apply kept_positive; exact HP| |].
    + intros e He. apply filter_In in He. apply Hy. apply He.
    + intros v Hv. rewrite <- (Hc v Hv). simpl. rewrite sum_over_kept. apply sum_over_ext.
      intros e He. destruct (keep e) eqn:E; [reflexivity|]. rewrite (Hk e He E). ring.
  - unfold gap. simpl. rewrite sum_over_kept. apply sum_over_le. intros e He.
    destruct (keep e); [change (amount (kept_powers P keep) x e) with (amount P x e); lra|].
    apply gap_of_nonneg. apply amount_positive; assumption.
Qed.

(** Bounds: z is admissible where sum_v b_jv z_v <= level_j for each constraint j. Lower bounds have negative b. *)

Record bounds := Bounds { constraints : nat; side : nat -> nat -> R; level : nat -> R }.

Definition side_at (P : powers) (B : bounds) (x : nat -> R) (j : nat) : R := sum (variables P) (fun v => side B j v * x v).

Definition admissible (P : powers) (B : bounds) (x : nat -> R) : Prop :=
  forall j, (j < constraints B)%nat -> side_at P B x j <= level B j.

Definition lowest_admissible (P : powers) (B : bounds) (x : nat -> R) : Prop :=
  admissible P B x /\ forall z, admissible P B z -> whole P x <= whole P z.

(* The flow and the forces of the bounds, which push inwards, are in balance. A bound that the point does not sit on costs its distance. *)
Theorem energy_gap_under_bounds : forall P B y force x z,
  positive_costs P -> (forall e, In e (counted P) -> 0 <= y e) ->
  (forall j, (j < constraints B)%nat -> 0 <= force j) ->
  supplies P y (fun v => - sum (constraints B) (fun j => force j * side B j v)) ->
  admissible P B z ->
  whole P x - whole P z <= gap P y x + sum (constraints B) (fun j => force j * (level B j - side_at P B x j)).
Proof.
  intros P B y force x z HP Hy Hf Hs Hz.
  apply Rle_trans with (1 := gap_bound_supplied P y _ x z HP Hy Hs).
  assert (sum (variables P) (fun v => - sum (constraints B) (fun j => force j * side B j v) * (z v - x v))
    = - sum (constraints B) (fun j => force j * (side_at P B z j - side_at P B x j))) as E.
  { rewrite (sum_ext (variables P) _ (fun v => -1 * sum (constraints B) (fun j => force j * side B j v * (z v - x v)))).
    2:{ intros v _. rewrite sum_scale_r. ring. }
    rewrite sum_scale, sum_swap. replace (-1) with (Ropp 1) by ring. rewrite Ropp_mult_distr_l_reverse, Rmult_1_l. f_equal.
    apply sum_ext. intros j _. unfold side_at. rewrite <- sum_minus, <- sum_scale. apply sum_ext. intros v _. ring. }
  rewrite E. assert (sum (constraints B) (fun j => force j * (side_at P B z j - side_at P B x j))
    <= sum (constraints B) (fun j => force j * (level B j - side_at P B x j))); [|lra].
  apply sum_le. intros j Hj. apply Rmult_le_compat_l; [auto|]. specialize (Hz j Hj). lra.
Qed.

Theorem lowest_admissible_towards : forall P B best x,
  positive_costs P -> lowest_admissible P B best -> admissible P B x -> lowest_towards P best x.
Proof.
  intros P B best x HP [Hb Hmin] Hx. apply lowest_on_segment_towards; [exact HP|]. intros t Ht. apply Hmin.
  intros j Hj. specialize (Hb j Hj). specialize (Hx j Hj).
  assert (side_at P B (between best x t) j = (1 - t) * side_at P B best j + t * side_at P B x j) as E.
  { unfold side_at, between. rewrite <- !sum_scale, <- sum_plus. apply sum_ext. intros v _. ring. }
  rewrite E. nra.
Qed.
