(* Costs of weights in general: even, increasing from 0 to infinity in |w|, differentiable off 0. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums power_costs exponential_sums calculus.
Open Scope R_scope.

(* `g'` is the derivative; it need not be continuous. *)
Record regular (g g' : R -> R) : Prop := {
  at_zero : g 0 = 0;
  even : forall w, g (- w) = g w;
  increasing : forall x y, 0 <= x -> x < y -> g x < g y;
  unbounded : forall M, exists x, forall y, x <= y -> M <= g y;
  derivative : forall w, w <> 0 -> derivable_pt_lim g w (g' w)
}.

Definition convex (f : R -> R) : Prop :=
  forall x y t, 0 <= t <= 1 -> f (t * x + (1 - t) * y) <= t * f x + (1 - t) * f y.

Definition strictly_convex (f : R -> R) : Prop :=
  forall x y t, x <> y -> 0 < t < 1 -> f (t * x + (1 - t) * y) < t * f x + (1 - t) * f y.

Lemma regular_nonneg : forall g g' w, regular g g' -> 0 <= g w.
Proof.
  intros g g' w H. destruct (Rtotal_order w 0) as [Hw|[->|Hw]].
  - rewrite <- (even g g' H). rewrite <- (at_zero g g' H). left. apply (increasing g g' H); lra.
  - rewrite (at_zero g g' H). lra.
  - rewrite <- (at_zero g g' H) at 1. left. apply (increasing g g' H); lra.
Qed.

Lemma regular_abs : forall g g' w, regular g g' -> g w = g (Rabs w).
Proof.
  intros g g' w H. unfold Rabs. destruct (Rcase_abs w); [symmetry; apply (even g g' H)|reflexivity].
Qed.

(* Mixtures of powers, with the derivative of each term a |w|^p being a p |w|^p / w. *)
Definition mixture (n : nat) (a p : nat -> R) (w : R) : R := sum n (fun k => a k * cost (p k) w).

Definition mixture_slope (n : nat) (a p : nat -> R) (w : R) : R :=
  sum n (fun k => a k * (p k * cost (p k) w / w)).

Lemma cost_even : forall p w, cost p (- w) = cost p w.
Proof.
  intros p w. unfold cost. rewrite Rabs_Ropp.
  destruct (Req_EM_T (- w) 0), (Req_EM_T w 0); try reflexivity; exfalso; lra.
Qed.

Lemma cost_of_positive : forall p w, 0 < w -> cost p w = Rpower w p.
Proof.
  intros p w Hw. unfold cost. destruct (Req_EM_T w 0); [lra|]. rewrite Rabs_right by lra. reflexivity.
Qed.

Lemma cost_derivative : forall p w, w <> 0 -> derivable_pt_lim (cost p) w (p * cost p w / w).
Proof.
  intros p. assert (Hpos : forall w, 0 < w -> derivable_pt_lim (cost p) w (p * cost p w / w)).
  { intros w Hw. apply derivative_positive_side with (fun x => Rpower x p); [exact Hw| |].
    - intros y Hy. symmetry. apply cost_of_positive. exact Hy.
    - rewrite cost_of_positive by exact Hw.
      replace (p * Rpower w p / w) with (p * Rpower w (p - 1)).
      + apply derivable_pt_lim_power. exact Hw.
      + unfold Rminus. rewrite Rpower_plus, Rpower_Ropp, Rpower_1 by exact Hw. unfold Rdiv. ring. }
  intros w Hw. destruct (Rtotal_order w 0) as [Hneg|[H0|H]]; [|contradiction|auto].
  replace w with (- - w) at 1 by ring.
  replace (p * cost p w / w) with (- (p * cost p (- w) / (- w))).
  - apply derivative_even; [apply cost_even|]. apply Hpos. lra.
  - rewrite cost_even. field. exact Hw.
Qed.

Lemma cost_increasing : forall p x y, 0 < p -> 0 <= x -> x < y -> cost p x < cost p y.
Proof.
  intros p x y Hp Hx Hxy. destruct Hx as [Hx|<-].
  - rewrite !cost_of_positive by lra. apply Rlt_Rpower_l; lra.
  - rewrite cost_zero. apply cost_pos. lra.
Qed.

Lemma mixture_regular :
  forall n a p,
    (0 < n)%nat -> (forall k, (k < n)%nat -> 0 < a k /\ 0 < p k) ->
    regular (mixture n a p) (mixture_slope n a p).
Proof.
  intros n a p Hn H. unfold mixture, mixture_slope. split.
  - apply sum_zero. intros. rewrite cost_zero. ring.
  - intros w. apply sum_ext. intros. rewrite cost_even. reflexivity.
  - intros x y Hx Hxy. apply sum_lt with 0%nat; [|exact Hn|].
    + intros k Hk. destruct (H k Hk). left. apply Rmult_lt_compat_l; [lra|]. apply cost_increasing; auto.
    + destruct (H 0%nat Hn). apply Rmult_lt_compat_l; [lra|]. apply cost_increasing; auto.
  - intros M. destruct (H 0%nat Hn) as (Ha & Hp).
    set (m := Rmax M 1 / a 0%nat). assert (Hm : 0 < m).
    { apply Rdiv_lt_0_compat; [|exact Ha]. apply Rlt_le_trans with 1; [lra|apply Rmax_r]. }
    exists (Rpower m (/ p 0%nat)). intros y Hy.
    assert (Hy0 : 0 < y) by (apply Rlt_le_trans with (2 := Hy); apply Rpower_pos).
    apply Rle_trans with (a 0%nat * cost (p 0%nat) y).
    + apply Rle_trans with (a 0%nat * m).
      * unfold m. replace (a 0%nat * (Rmax M 1 / a 0%nat)) with (Rmax M 1) by (field; lra). apply Rmax_l.
      * apply Rmult_le_compat_l; [lra|]. rewrite cost_of_positive by exact Hy0.
        apply Rle_trans with (Rpower (Rpower m (/ p 0%nat)) (p 0%nat)).
        -- rewrite Rpower_mult, Rinv_l, Rpower_1 by lra. lra.
        -- apply Rle_Rpower_l; [lra|]. split; [apply Rpower_pos|exact Hy].
    + apply (sum_term_le n (fun k => a k * cost (p k) y)); [|exact Hn].
      intros k Hk. destruct (H k Hk). apply Rmult_le_pos; [lra|apply cost_nonneg].
  - intros w Hw. clear Hn. revert H. induction n as [|n IH]; intros H; simpl.
    + apply derivable_pt_lim_const.
    + apply (derivable_pt_lim_plus _ (fun w => a n * cost (p n) w)).
      * apply IH. intros k Hk. apply H. lia.
      * apply derivable_pt_lim_scal. apply cost_derivative. exact Hw.
Qed.

Lemma mixture_of_exponential :
  forall n a p t, mixture n a p (exp t) = expsum n a p t.
Proof.
  intros. apply sum_ext. intros k _. rewrite cost_of_positive by apply exp_pos.
  unfold Rpower. rewrite ln_exp. reflexivity.
Qed.

Lemma mixture_strictly_convex :
  forall n a p,
    (0 < n)%nat -> (forall k, (k < n)%nat -> 0 < a k /\ 0 < p k) ->
    strictly_convex (fun t => mixture n a p (exp t)).
Proof.
  intros n a p Hn H x y t Hxy Ht. rewrite !mixture_of_exponential.
  set (z := t * x + (1 - t) * y).
  assert (Ha : forall k, (k < n)%nat -> 0 <= a k) by (intros k Hk; destruct (H k Hk); lra).
  assert (Hk : exists k, (k < n)%nat /\ 0 < a k /\ p k <> 0).
  { exists 0%nat. destruct (H 0%nat Hn). repeat split; auto; lra. }
  assert (Hzx : x - z = (1 - t) * (x - y)) by (unfold z; ring).
  assert (Hzy : y - z = - t * (x - y)) by (unfold z; ring).
  assert (x - z <> 0) by (rewrite Hzx; apply Rmult_integral_contrapositive; lra).
  assert (y - z <> 0) by (rewrite Hzy; apply Rmult_integral_contrapositive; lra).
  assert (Tx := expsum_tangent_strict n a p z x Ha Hk ltac:(lra)).
  assert (Ty := expsum_tangent_strict n a p z y Ha Hk ltac:(lra)).
  rewrite Hzx in Tx. rewrite Hzy in Ty. nra.
Qed.

(* Sums of convex functions, one of them strictly convex or none. *)
Lemma sum_convex :
  forall n (f : nat -> R -> R), (forall k, (k < n)%nat -> convex (f k)) -> convex (fun x => sum n (fun k => f k x)).
Proof.
  intros n f H x y t Ht. rewrite <- !sum_scale, <- sum_plus. apply sum_le. intros k Hk. apply H; assumption.
Qed.

Lemma sum_strictly_convex :
  forall n (f : nat -> R -> R) k,
    (forall k, (k < n)%nat -> convex (f k)) -> (k < n)%nat -> strictly_convex (f k) ->
    strictly_convex (fun x => sum n (fun k => f k x)).
Proof.
  intros n f k H Hk Hs x y t Hxy Ht. rewrite <- !sum_scale, <- sum_plus. apply sum_lt with k.
  - intros i Hi. apply H; [exact Hi|lra].
  - exact Hk.
  - apply Hs; assumption.
Qed.

Lemma convex_mirrored : forall f, convex f -> convex (fun x => f (- x)).
Proof.
  intros f H x y t Ht. replace (- (t * x + (1 - t) * y)) with (t * - x + (1 - t) * - y) by ring.
  apply H. exact Ht.
Qed.

Lemma strictly_convex_mirrored : forall f, strictly_convex f -> strictly_convex (fun x => f (- x)).
Proof.
  intros f H x y t Hxy Ht. replace (- (t * x + (1 - t) * y)) with (t * - x + (1 - t) * - y) by ring.
  apply H; lra.
Qed.

(* Convexity in the logarithm of the weight is convexity in the logarithm of the multiplier. *)
Lemma shifted_exponential :
  forall g g' w x, regular g g' -> w <> 0 -> g (exp x * w) = g (exp (x + ln (Rabs w))).
Proof.
  intros g g' w x Hg Hw. assert (Hpos := Rabs_pos_lt _ Hw).
  rewrite exp_plus, exp_ln by exact Hpos. rewrite (regular_abs _ _ _ Hg), Rabs_mult, (Rabs_right (exp x)); [reflexivity|].
  left. apply exp_pos.
Qed.

Lemma scaled_weight_convex :
  forall g g' w, regular g g' -> (w <> 0 -> convex (fun t => g (exp t))) -> convex (fun x => g (exp x * w)).
Proof.
  intros g g' w Hg H x y t Ht. destruct (Req_dec w 0) as [->|Hw]; [rewrite !Rmult_0_r; lra|].
  rewrite !(shifted_exponential g g' w) by assumption.
  replace (t * x + (1 - t) * y + ln (Rabs w))
    with (t * (x + ln (Rabs w)) + (1 - t) * (y + ln (Rabs w))) by ring.
  apply (H Hw). exact Ht.
Qed.

Lemma scaled_weight_strictly_convex :
  forall g g' w, regular g g' -> w <> 0 -> strictly_convex (fun t => g (exp t)) ->
    strictly_convex (fun x => g (exp x * w)).
Proof.
  intros g g' w Hg Hw H x y t Hxy Ht.
  rewrite !(shifted_exponential g g' w) by assumption.
  replace (t * x + (1 - t) * y + ln (Rabs w))
    with (t * (x + ln (Rabs w)) + (1 - t) * (y + ln (Rabs w))) by ring.
  apply H; [lra|exact Ht].
Qed.
