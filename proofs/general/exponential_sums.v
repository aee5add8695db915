(* Sums of exponentials with nonnegative coefficients: convexity, minimisers, existence. Every regularizer made of powers is one, in
   the logarithm of a multiplier. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums.
Open Scope R_scope.

Definition expsum (n : nat) (a r : nat -> R) (x : R) : R := sum n (fun k => a k * exp (r k * x)).

(* The derivative. *)
Definition slope (n : nat) (a r : nat -> R) : R -> R := expsum n (fun k => a k * r k) r.

Lemma term_tangent :
  forall a r x y, 0 <= a -> a * exp (r * x) + a * r * exp (r * x) * (y - x) <= a * exp (r * y).
Proof.
  intros a r x y Ha.
  replace (r * y) with (r * x + r * (y - x)) by ring. rewrite exp_plus.
  assert (H := exp_ineq1_le (r * (y - x))). assert (0 < exp (r * x)) by apply exp_pos.
  assert (0 <= a * exp (r * x)) by nra. nra.
Qed.

Lemma term_tangent_strict :
  forall a r x y, 0 < a -> r <> 0 -> y <> x ->
    a * exp (r * x) + a * r * exp (r * x) * (y - x) < a * exp (r * y).
Proof.
  intros a r x y Ha Hr Hxy.
  replace (r * y) with (r * x + r * (y - x)) by ring. rewrite exp_plus.
  assert (H : 1 + r * (y - x) < exp (r * (y - x))).
  { apply exp_ineq1. intros H. apply Rmult_integral in H. lra. }
  assert (0 < exp (r * x)) by apply exp_pos.
  assert (0 < a * exp (r * x)) by nra. nra.
Qed.

Lemma expsum_tangent_sum :
  forall n a r x y,
    expsum n a r x + slope n a r x * (y - x) =
    sum n (fun k => a k * exp (r k * x) + a k * r k * exp (r k * x) * (y - x)).
Proof. intros. unfold slope, expsum. rewrite <- sum_scale_r, <- sum_plus. reflexivity. Qed.

Lemma expsum_tangent :
  forall n a r x y, (forall k, (k < n)%nat -> 0 <= a k) ->
    expsum n a r x + slope n a r x * (y - x) <= expsum n a r y.
Proof.
  intros n a r x y Ha. rewrite expsum_tangent_sum. apply sum_le.
  intros k Hk. apply term_tangent. auto.
Qed.

Lemma expsum_tangent_strict :
  forall n a r x y, (forall k, (k < n)%nat -> 0 <= a k) ->
    (exists k, (k < n)%nat /\ 0 < a k /\ r k <> 0) -> y <> x ->
    expsum n a r x + slope n a r x * (y - x) < expsum n a r y.
Proof.
  intros n a r x y Ha (k & Hk & Hak & Hrk) Hxy. rewrite expsum_tangent_sum. apply sum_lt with k.
  - intros i Hi. apply term_tangent. auto.
  - exact Hk.
  - apply term_tangent_strict; assumption.
Qed.

Lemma expsum_derivative : forall n a r x, derivable_pt_lim (expsum n a r) x (slope n a r x).
Proof.
  unfold slope, expsum. induction n as [|n IH]; intros a r x; simpl.
  - apply derivable_pt_lim_const.
  - apply (derivable_pt_lim_plus _ (fun x => a n * exp (r n * x))); [apply IH|].
    replace (a n * r n * exp (r n * x)) with (a n * (exp (r n * x) * (r n * 1))) by ring.
    apply derivable_pt_lim_scal.
    apply (derivable_pt_lim_comp (fun x => r n * x) exp).
    + apply derivable_pt_lim_scal. apply derivable_pt_lim_id.
    + apply derivable_pt_lim_exp.
Qed.

Lemma expsum_continuous : forall n a r, continuity (expsum n a r).
Proof.
  intros n a r x. apply derivable_continuous_pt. exists (slope n a r x). apply expsum_derivative.
Qed.

(* A minimiser is a point of slope 0. *)
Lemma expsum_minimum :
  forall n a r x, (forall k, (k < n)%nat -> 0 <= a k) ->
    ((forall y, expsum n a r x <= expsum n a r y) <-> slope n a r x = 0).
Proof.
  intros n a r x Ha. split.
  - intros Hmin.
    set (pr := exist _ (slope n a r x) (expsum_derivative n a r x) : derivable_pt (expsum n a r) x).
    change (derive_pt (expsum n a r) x pr = 0).
    apply deriv_minimum with (x - 1) (x + 1); try lra. intros y _ _. apply Hmin.
  - intros Hs y. assert (H := expsum_tangent n a r x y Ha). rewrite Hs in H. lra.
Qed.

Lemma expsum_minimum_unique :
  forall n a r x y, (forall k, (k < n)%nat -> 0 <= a k) ->
    (exists k, (k < n)%nat /\ 0 < a k /\ r k <> 0) ->
    slope n a r x = 0 -> expsum n a r y <= expsum n a r x -> y = x.
Proof.
  intros n a r x y Ha Hk Hs Hle. destruct (Req_dec y x) as [|Hne]; [assumption|].
  assert (H := expsum_tangent_strict n a r x y Ha Hk Hne). rewrite Hs in H. lra.
Qed.

Lemma slope_positive_far_right :
  forall n a r, (forall k, (k < n)%nat -> 0 <= a k) ->
    (exists k, (k < n)%nat /\ 0 < a k /\ 0 < r k) -> exists x, 0 < x /\ 0 < slope n a r x.
Proof.
  intros n a r Ha (k & Hk & Hak & Hrk).
  set (M := sum n (fun i => a i * Rabs (r i))).
  assert (HM : 0 <= M).
  { apply sum_nonneg. intros i Hi. apply Rmult_le_pos; [auto|apply Rabs_pos]. }
  exists ((M + 1) / (a k * r k * r k)).
  set (x := (M + 1) / (a k * r k * r k)).
  assert (Hd : 0 < a k * r k * r k) by (repeat apply Rmult_lt_0_compat; assumption).
  assert (Hx : 0 < x) by (apply Rdiv_lt_0_compat; lra). split; [exact Hx|].
  unfold slope, expsum.
  apply Rlt_le_trans with (sum n (fun i => - (a i * Rabs (r i)) + (if Nat.eqb i k then a k * r k * exp (r k * x) else 0))).
  - rewrite sum_plus, (sum_single n (fun i => if Nat.eqb i k then _ else 0) k).
    + rewrite Nat.eqb_refl. rewrite (sum_ext n _ (fun i => -1 * (a i * Rabs (r i)))) by (intros; ring).
      rewrite sum_scale. fold M. assert (H := exp_ineq1_le (r k * x)).
      assert (0 < a k * r k) by nra.
      assert (a k * r k * (r k * x) = M + 1) by (unfold x; field; lra). nra.
    + exact Hk.
    + intros i _ Hne. destruct (Nat.eqb_spec i k); [contradiction|reflexivity].
  - apply sum_le. intros i Hi. assert (0 <= a i) by auto.
    destruct (Nat.eqb_spec i k) as [->|Hne].
    + assert (0 <= Rabs (r k)) by apply Rabs_pos. nra.
    + assert (0 < exp (r i * x)) by apply exp_pos.
      destruct (Rle_dec 0 (r i)) as [Hr|Hr].
      * assert (0 <= Rabs (r i)) by apply Rabs_pos.
        assert (0 <= a i * r i) by nra. nra.
      * rewrite Rabs_left by lra.
        assert (exp (r i * x) <= 1) by (rewrite <- exp_0; left; apply exp_increasing; nra).
        assert (a i * r i <= 0) by nra. nra.
Qed.

Lemma expsum_mirror : forall n a r x, expsum n a (fun k => - r k) x = expsum n a r (- x).
Proof. intros. apply sum_ext. intros k _. f_equal. f_equal. ring. Qed.

Lemma slope_mirror : forall n a r x, slope n a (fun k => - r k) x = - slope n a r (- x).
Proof.
  intros. unfold slope, expsum.
  rewrite (sum_ext n _ (fun k => -1 * (a k * r k * exp (r k * - x)))).
  - rewrite sum_scale. ring.
  - intros k _. replace (- r k * x) with (r k * - x) by ring. ring.
Qed.

(* A rising and a falling term: a point of slope 0 exists. *)
Lemma slope_zero_exists :
  forall n a r, (forall k, (k < n)%nat -> 0 <= a k) ->
    (exists k, (k < n)%nat /\ 0 < a k /\ 0 < r k) ->
    (exists k, (k < n)%nat /\ 0 < a k /\ r k < 0) -> exists x, slope n a r x = 0.
Proof.
  intros n a r Ha Hup (k & Hk & Hak & Hrk).
  destruct (slope_positive_far_right n a r Ha Hup) as (y & Hy & Hsy).
  destruct (slope_positive_far_right n a (fun k => - r k) Ha) as (z & Hz & Hsz).
  { exists k. repeat split; auto. lra. }
  rewrite slope_mirror in Hsz.
  destruct (IVT (slope n a r) (- z) y) as (x & _ & Hx); try lra.
  - apply expsum_continuous.
  - exists x. exact Hx.
Qed.
