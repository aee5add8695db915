(* Regularizers of products of powers: minima are where the costs are a circulation; what is left where some terms vanish; bounds. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require Import finite_sums balancing_problem energy.
Import ListNotations.
Open Scope R_scope.

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

Lemma lowest_iff_steady : forall P x, positive_costs P -> (lowest P x <-> steady P x).
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

(* What is 0 where the costs are a circulation is the derivative in a variable. *)
Lemma derivative_of_whole : forall P x v, (v < variables P)%nat ->
  derivable_pt_lim (fun t => whole P (fun u => x u + t * one_at v u)) 0 (sum_over (counted P) (fun e => amount P x e * exponent P e v)).
Proof.
  intros P x v Hv. unfold whole. induction (counted P) as [|e l IH]; simpl; [apply derivable_pt_lim_const|].
  apply (derivable_pt_lim_plus (fun t => amount P (fun u => x u + t * one_at v u) e)); [|exact IH].
  assert (forall t, amount P (fun u => x u + t * one_at v u) e = amount P x e * exp (exponent P e v * t)) as E.
  { intros t. rewrite (amount_moved P x). do 2 f_equal. unfold form, difference.
    rewrite (sum_ext _ _ (fun u => t * (exponent P e u * one_at v u))) by (intros; ring).
    rewrite sum_scale, sum_one_at by exact Hv. ring. }
  apply derivable_pt_lim_ext with (fun t => amount P x e * exp (exponent P e v * t)); [intros t; symmetry; apply E|].
  replace (amount P x e * exponent P e v) with (amount P x e * (exp (exponent P e v * 0) * (exponent P e v * 1)))
    by (rewrite Rmult_0_r, exp_0; ring).
  apply (derivable_pt_lim_scal (fun t => exp (exponent P e v * t))).
  apply (derivable_pt_lim_comp (fun t => exponent P e v * t) exp); [|apply derivable_pt_lim_exp].
  apply (derivable_pt_lim_scal id). apply derivable_pt_lim_id.
Qed.

(* All balanced points have the same costs. *)
Lemma steady_costs_unique : forall P x z e,
  positive_costs P -> steady P x -> steady P z -> In e (counted P) -> amount P x e = amount P z e.
Proof.
  intros P x z e HP Hx Hz He.
  assert (H : lowest P x) by (apply lowest_iff_steady; assumption).
  assert (Hl := losses_of_all P z x e HP (steady_lowest_towards P z x Hz) He).
  assert (0 < amount P x e) by (apply amount_positive; assumption). specialize (H z).
  rewrite (amount_moved P z x), (loss_zero (form P (difference x z) e)), exp_0; [ring|nra].
Qed.

Lemma abs_of_sum : forall (l : list nat) f, Rabs (sum_over l f) <= sum_over l (fun e => Rabs (f e)).
Proof.
  induction l as [|e l IH]; intros f; simpl; [rewrite Rabs_R0; lra|].
  apply Rle_trans with (Rabs (f e) + Rabs (sum_over l f)); [apply Rabs_triang|]. specialize (IH f). lra.
Qed.

(* The multiplier of a variable, where some combination of terms has the exponents of that variable alone. *)
Lemma variable_enclosed : forall P best x v z r,
  positive_costs P -> supplies P z (one_at v) -> (v < variables P)%nat ->
  (forall e, In e (counted P) -> z e <> 0 -> Rabs (ln (amount P best e / amount P x e)) <= r e) ->
  Rabs (best v - x v) <= sum_over (counted P) (fun e => Rabs (z e) * r e).
Proof.
  intros P best x v z r HP Hz Hv Hr.
  assert (H := flow_against_forms P z (one_at v) (difference x best) Hz).
  rewrite (sum_ext _ _ (fun u => difference x best u * one_at v u)), sum_one_at in H; [|exact Hv|intros; ring].
  replace (best v - x v) with (- (difference x best v)) by (unfold difference; ring). rewrite Rabs_Ropp, <- H.
  apply Rle_trans with (1 := abs_of_sum _ _). apply sum_over_le. intros e He. rewrite Rabs_mult.
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
Lemma energy_gap_under_bounds : forall P B y force x z,
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

Lemma lowest_admissible_towards : forall P B best x,
  positive_costs P -> lowest_admissible P B best -> admissible P B x -> lowest_towards P best x.
Proof.
  intros P B best x HP [Hb Hmin] Hx. apply lowest_on_segment_towards; [exact HP|]. intros t Ht. apply Hmin.
  intros j Hj. specialize (Hb j Hj). specialize (Hx j Hj).
  assert (side_at P B (between best x t) j = (1 - t) * side_at P B best j + t * side_at P B x j) as E.
  { unfold side_at, between. rewrite <- !sum_scale, <- sum_plus. apply sum_ext. intros v _. ring. }
  rewrite E. nra.
Qed.
