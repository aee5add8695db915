(* For costs g_e(w), even, continuously differentiable off 0, increasing from 0 to infinity in |w|, a minimiser exists when both
   IN and OUT hold a non-zero weight, and satisfies λ² Σ_IN w g'(λw) = Σ_OUT w g'(w/λ). It is unique if every t -> g_e(exp t) is
   convex.

   Corrected: A minimiser exists when both IN and OUT hold a non-zero weight, and satisfies λ² Σ_IN w g'(λw) = Σ_OUT w g'(w/λ). It
   is unique if t -> g_e(exp t) is convex for all of the unit's synapses of non-zero weight and strictly convex for one of them;
   where all are logarithmic, minimisers can fill an interval. Mixtures Σ a_k |w|^p_k are strictly convex in this sense. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums calculus additive_costs.
Open Scope R_scope.

(* The cost of a unit's synapses as a function of its multiplier; each synapse has its own cost, g in and h out. *)
Definition unit_total (n : nat) (g : nat -> R -> R) (w : nat -> R) (m : nat) (h : nat -> R -> R) (v : nat -> R) (l : R) : R :=
  sum n (fun j => g j (l * w j)) + sum m (fun k => h k (v k / l)).

Definition minimiser (f : R -> R) (l : R) : Prop := 0 < l /\ forall k, 0 < k -> f l <= f k.

Lemma derivative_incoming :
  forall g g' w l, regular g g' -> 0 < l -> derivable_pt_lim (fun l => g (l * w)) l (w * g' (l * w)).
Proof.
  intros g g' w l Hg Hl. destruct (Req_dec w 0) as [->|Hw].
  - rewrite Rmult_0_l. apply derivable_pt_lim_ext with (fun _ => g 0).
    + intros z. rewrite Rmult_0_r. reflexivity.
    + apply derivable_pt_lim_const.
  - rewrite Rmult_comm. apply (derivable_pt_lim_comp (fun l => l * w) g).
    + assert (D := derivable_pt_lim_scal_right id l 1 w (derivable_pt_lim_id l)). rewrite Rmult_1_l in D. exact D.
    + apply (derivative g g' Hg). apply Rmult_integral_contrapositive. lra.
Qed.

Lemma derivative_outgoing :
  forall g g' v l, regular g g' -> 0 < l ->
    derivable_pt_lim (fun l => g (v / l)) l (- (v * g' (v / l)) / (l * l)).
Proof.
  intros g g' v l Hg Hl. destruct (Req_dec v 0) as [->|Hv].
  - replace (- (0 * g' (0 / l)) / (l * l)) with 0 by (field; lra).
    apply derivable_pt_lim_ext with (fun _ => g 0).
    + intros z. unfold Rdiv. rewrite Rmult_0_l. reflexivity.
    + apply derivable_pt_lim_const.
  - replace (- (v * g' (v / l)) / (l * l)) with (g' (v / l) * ((0 * l - 1 * v) / Rsqr l))
      by (unfold Rsqr; field; lra).
    apply (derivable_pt_lim_comp (fun l => v / l) g).
    + apply (derivable_pt_lim_div (fct_cte v) id).
      * apply derivable_pt_lim_const.
      * apply derivable_pt_lim_id.
      * unfold id. lra.
    + apply (derivative g g' Hg). apply Rmult_integral_contrapositive.
      assert (0 < / l) by (apply Rinv_0_lt_compat; exact Hl). lra.
Qed.

Section Unit.

Variables (n : nat) (g g' : nat -> R -> R) (w : nat -> R).
Variables (m : nat) (h h' : nat -> R -> R) (v : nat -> R).
Hypothesis regular_in : forall j, (j < n)%nat -> regular (g j) (g' j).
Hypothesis regular_out : forall k, (k < m)%nat -> regular (h k) (h' k).

Let total : R -> R := unit_total n g w m h v.

Lemma total_derivative :
  forall l, 0 < l ->
    derivable_pt_lim total l
      (sum n (fun j => w j * g' j (l * w j)) + sum m (fun k => - (v k * h' k (v k / l)) / (l * l))).
Proof.
  intros l Hl. unfold total, unit_total.
  apply (derivable_pt_lim_plus (fun l => sum n (fun j => g j (l * w j))) (fun l => sum m (fun k => h k (v k / l)))).
  - apply (derivative_of_sum n (fun j l => g j (l * w j))). intros j Hj. apply derivative_incoming; auto.
  - apply (derivative_of_sum m (fun k l => h k (v k / l))). intros k Hk. apply derivative_outgoing; auto.
Qed.

Lemma minimiser_balances :
  forall l, minimiser total l ->
    l * l * sum n (fun j => w j * g' j (l * w j)) = sum m (fun k => v k * h' k (v k / l)).
Proof.
  intros l (Hl & Hmin).
  set (d := sum n (fun j => w j * g' j (l * w j)) + sum m (fun k => - (v k * h' k (v k / l)) / (l * l))).
  assert (Hd : d = 0).
  { set (pr := exist _ d (total_derivative l Hl) : derivable_pt total l).
    change (derive_pt total l pr = 0).
    apply deriv_minimum with (l / 2) (l + 1); try lra. intros x Hx _. apply Hmin. lra. }
  unfold d in Hd.
  rewrite (sum_ext m _ (fun k => (- / (l * l)) * (v k * h' k (v k / l)))) in Hd by (intros; field; lra).
  rewrite sum_scale in Hd.
  assert (Hll : 0 < l * l) by nra.
  apply (Rmult_eq_compat_l (l * l)) in Hd. rewrite Rmult_0_r, Rmult_plus_distr_l in Hd.
  replace (l * l * (- / (l * l) * sum m (fun k => v k * h' k (v k / l))))
    with (- sum m (fun k => v k * h' k (v k / l))) in Hd by (field; lra).
  lra.
Qed.

Lemma one_incoming_le : forall j l, (j < n)%nat -> g j (l * w j) <= total l.
Proof.
  intros j l Hj. unfold total, unit_total.
  assert (g j (l * w j) <= sum n (fun j => g j (l * w j))).
  { apply (sum_term_le n (fun j => g j (l * w j))); [|exact Hj]. intros. eapply regular_nonneg; eauto. }
  assert (0 <= sum m (fun k => h k (v k / l))) by (apply sum_nonneg; intros; eapply regular_nonneg; eauto).
  lra.
Qed.

Lemma one_outgoing_le : forall k l, (k < m)%nat -> h k (v k / l) <= total l.
Proof.
  intros k l Hk. unfold total, unit_total.
  assert (h k (v k / l) <= sum m (fun k => h k (v k / l))).
  { apply (sum_term_le m (fun k => h k (v k / l))); [|exact Hk]. intros. eapply regular_nonneg; eauto. }
  assert (0 <= sum n (fun j => g j (l * w j))) by (apply sum_nonneg; intros; eapply regular_nonneg; eauto).
  lra.
Qed.

Lemma minimiser_exists :
  (exists j, (j < n)%nat /\ w j <> 0) -> (exists k, (k < m)%nat /\ v k <> 0) -> exists l, minimiser total l.
Proof.
  intros (j & Hj & Hw) (k & Hk & Hv).
  assert (Hwpos := Rabs_pos_lt _ Hw). assert (Hvpos := Rabs_pos_lt _ Hv).
  destruct (unbounded _ _ (regular_in j Hj) (total 1)) as (x & Hx).
  destruct (unbounded _ _ (regular_out k Hk) (total 1)) as (y & Hy).
  set (b := Rmax 1 (x / Rabs (w j))).
  set (z := Rmax 1 (y / Rabs (v k))).
  assert (Hb : 1 <= b) by apply Rmax_l. assert (Hz : 1 <= z) by apply Rmax_l.
  assert (Ha : 0 < / z <= 1).
  { split; [apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_le_contravar; lra. }
  assert (Hright : forall l, b <= l -> total 1 <= total l).
  { intros l Hl. apply Rle_trans with (2 := one_incoming_le j l Hj).
    rewrite (regular_abs _ _ _ (regular_in j Hj)). apply Hx.
    rewrite Rabs_mult, (Rabs_right l) by lra.
    assert (x / Rabs (w j) <= l) by (apply Rle_trans with (2 := Hl); apply Rmax_r).
    apply Rle_trans with (x / Rabs (w j) * Rabs (w j)).
    - right. field. lra.
    - apply Rmult_le_compat_r; lra. }
  assert (Hleft : forall l, 0 < l -> l <= / z -> total 1 <= total l).
  { intros l Hl Hle. apply Rle_trans with (2 := one_outgoing_le k l Hk).
    rewrite (regular_abs _ _ _ (regular_out k Hk)). apply Hy.
    assert (Hzl : z <= / l).
    { rewrite <- (Rinv_inv z). apply Rinv_le_contravar; lra. }
    unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ l)) by lra.
    assert (y / Rabs (v k) <= / l) by (apply Rle_trans with (2 := Hzl); apply Rmax_r).
    apply Rle_trans with (y / Rabs (v k) * Rabs (v k)).
    - right. field. lra.
    - rewrite (Rmult_comm (Rabs (v k))). apply Rmult_le_compat_r; lra. }
  destruct (continuity_ab_min total (/ z) b) as (l & Hmin & Hl); [lra| |].
  { intros c Hc. apply derivable_continuous_pt. eexists. apply total_derivative. lra. }
  exists l. split; [lra|]. intros c Hc.
  assert (Hone : total l <= total 1) by (apply Hmin; lra).
  destruct (Rle_dec b c) as [Hbc|Hbc]; [specialize (Hright c Hbc); lra|].
  destruct (Rle_dec c (/ z)) as [Hcz|Hcz]; [specialize (Hleft c Hc Hcz); lra|].
  apply Hmin. lra.
Qed.

(* In the logarithm of the multiplier the total is convex. *)
Hypothesis convex_in : forall j, (j < n)%nat -> w j <> 0 -> convex (fun t => g j (exp t)).
Hypothesis convex_out : forall k, (k < m)%nat -> v k <> 0 -> convex (fun t => h k (exp t)).
Hypothesis one_strict :
  (exists j, (j < n)%nat /\ w j <> 0 /\ strictly_convex (fun t => g j (exp t))) \/
  (exists k, (k < m)%nat /\ v k <> 0 /\ strictly_convex (fun t => h k (exp t))).

Lemma total_strictly_convex : strictly_convex (fun x => total (exp x)).
Proof.
  assert (Hout : forall x, sum m (fun k => h k (v k / exp x)) = sum m (fun k => h k (exp (- x) * v k))).
  { intros x. apply sum_ext. intros k _. rewrite exp_Ropp. f_equal. unfold Rdiv. ring. }
  assert (Cin : forall j, (j < n)%nat -> convex (fun x => g j (exp x * w j))).
  { intros j Hj. apply scaled_weight_convex with (g' j); auto. }
  assert (Cout : forall k, (k < m)%nat -> convex (fun x => h k (exp (- x) * v k))).
  { intros k Hk. apply (convex_mirrored (fun x => h k (exp x * v k))).
    apply scaled_weight_convex with (h' k); auto. }
  intros x y t Hxy Ht. unfold total, unit_total. rewrite !Hout.
  assert (Tin := sum_convex n _ Cin x y t ltac:(lra)).
  assert (Tout := sum_convex m _ Cout x y t ltac:(lra)). simpl in Tin, Tout.
  destruct one_strict as [(j & Hj & Hw & Hs)|(k & Hk & Hv & Hs)].
  - assert (S := sum_strictly_convex n (fun j x => g j (exp x * w j)) j Cin Hj
      (scaled_weight_strictly_convex _ _ _ (regular_in j Hj) Hw Hs) x y t Hxy Ht). simpl in S. lra.
  - assert (S := sum_strictly_convex m (fun k x => h k (exp (- x) * v k)) k Cout Hk
      (strictly_convex_mirrored (fun x => h k (exp x * v k))
        (scaled_weight_strictly_convex _ _ _ (regular_out k Hk) Hv Hs)) x y t Hxy Ht). simpl in S. lra.
Qed.

Lemma minimiser_unique : forall k l, minimiser total k -> minimiser total l -> k = l.
Proof.
  intros k l (Hk & Kmin) (Hl & Lmin). destruct (Req_dec k l) as [|Hne]; [assumption|exfalso].
  assert (Hln : ln k <> ln l) by (intros H; apply Hne; apply ln_inv; assumption).
  assert (S := total_strictly_convex (ln k) (ln l) (1 / 2) Hln ltac:(lra)). simpl in S.
  rewrite !exp_ln in S by assumption.
  assert (Hm := exp_pos (1 / 2 * ln k + (1 - 1 / 2) * ln l)).
  specialize (Kmin _ Hm). specialize (Lmin _ Hm). lra.
Qed.

End Unit.

Theorem thm_3_1_general :
  forall n g g' w m h h' v,
    (forall j, (j < n)%nat -> regular (g j) (g' j)) ->
    (forall k, (k < m)%nat -> regular (h k) (h' k)) ->
    let total := unit_total n g w m h v in
    ((exists j, (j < n)%nat /\ w j <> 0) -> (exists k, (k < m)%nat /\ v k <> 0) -> exists l, minimiser total l) /\
    (forall l, minimiser total l ->
      l * l * sum n (fun j => w j * g' j (l * w j)) = sum m (fun k => v k * h' k (v k / l))) /\
    ((forall j, (j < n)%nat -> w j <> 0 -> convex (fun t => g j (exp t))) ->
     (forall k, (k < m)%nat -> v k <> 0 -> convex (fun t => h k (exp t))) ->
     ((exists j, (j < n)%nat /\ w j <> 0 /\ strictly_convex (fun t => g j (exp t))) \/
      (exists k, (k < m)%nat /\ v k <> 0 /\ strictly_convex (fun t => h k (exp t)))) ->
     forall k l, minimiser total k -> minimiser total l -> k = l).
Proof.
  intros n g g' w m h h' v Hin Hout total. split; [|split].
  - exact (minimiser_exists n g g' w m h h' v Hin Hout).
  - exact (minimiser_balances n g g' w m h h' v Hin Hout).
  - intros Cin Cout Hs. exact (minimiser_unique n g g' w m h h' v Hin Hout Cin Cout Hs).
Qed.

(* After balancing: with the scaled weights w' = λw in, v' = v/λ out, Σ_IN w' g'(w') = Σ_OUT v' g'(v'). *)
Theorem balance_after_scaling :
  forall n g' w m h' v l, 0 < l ->
    l * l * sum n (fun j => w j * g' j (l * w j)) = sum m (fun k => v k * h' k (v k / l)) ->
    sum n (fun j => (l * w j) * g' j (l * w j)) = sum m (fun k => (v k / l) * h' k (v k / l)).
Proof.
  intros n g' w m h' v l Hl H.
  rewrite (sum_ext n _ (fun j => l * (w j * g' j (l * w j)))) by (intros; ring).
  rewrite (sum_ext m _ (fun k => / l * (v k * h' k (v k / l)))) by (intros; unfold Rdiv; ring).
  rewrite !sum_scale, <- H. field. lra.
Qed.

(* Mixtures of powers are costs of this kind, and strictly convex. *)
Theorem mixtures_are_strictly_convex :
  forall n a p,
    (0 < n)%nat -> (forall k, (k < n)%nat -> 0 < a k /\ 0 < p k) ->
    regular (mixture n a p) (mixture_slope n a p) /\ strictly_convex (fun t => mixture n a p (exp t)).
Proof. intros. split; [apply mixture_regular|apply mixture_strictly_convex]; assumption. Qed.

(* |w| up to 1, 1 + log |w| beyond: convex in log |w|, and logarithmic beyond 1. *)
Definition logarithmic (w : R) : R := if Rle_dec (Rabs w) 1 then Rabs w else 1 + ln (Rabs w).

Definition logarithmic_slope (w : R) : R :=
  if Rle_dec (Rabs w) 1 then (if Rlt_dec w 0 then -1 else 1) else / w.

Lemma logarithmic_of_positive : forall w, 0 < w -> logarithmic w = if Rle_dec w 1 then w else 1 + ln w.
Proof. intros w Hw. unfold logarithmic. rewrite Rabs_right by lra. reflexivity. Qed.

Lemma ln_below : forall x, 0 < x -> ln x <= x - 1.
Proof.
  intros x Hx. assert (H := exp_ineq1_le (ln x)). rewrite exp_ln in H by exact Hx. lra.
Qed.

Lemma logarithmic_regular : regular logarithmic logarithmic_slope.
Proof.
  assert (Heven : forall w, logarithmic (- w) = logarithmic w).
  { intros w. unfold logarithmic. rewrite Rabs_Ropp. reflexivity. }
  assert (Hinside : forall x, 0 < x -> derivable_pt_lim (fun y => y) x 1).
  { intros x _. apply derivable_pt_lim_id. }
  assert (Houtside : forall x, 0 < x -> derivable_pt_lim (fun y => 1 + ln y) x (/ x)).
  { intros x Hx. replace (/ x) with (0 + / x) by ring.
    apply (derivable_pt_lim_plus (fct_cte 1) ln); [apply derivable_pt_lim_const|apply derivable_pt_lim_ln; exact Hx]. }
  assert (Hpos : forall w, 0 < w -> derivable_pt_lim logarithmic w (logarithmic_slope w)).
  { intros w Hw. apply derivative_positive_side with (fun y => if Rle_dec y 1 then y else 1 + ln y); [exact Hw| |].
    { intros y Hy. symmetry. apply logarithmic_of_positive. exact Hy. }
    unfold logarithmic_slope. rewrite Rabs_right by lra.
    destruct (Rlt_dec w 0); [lra|]. destruct (Rle_dec w 1) as [Hle|Hgt].
    - destruct Hle as [Hlt| ->].
      + apply derivable_pt_lim_locally_ext with (fun y => y) 0 1; [lra| |auto].
        intros z Hz. destruct (Rle_dec z 1); lra.
      + apply derivative_glued with (fun y => y) (fun y => 1 + ln y).
        * auto.
        * rewrite <- Rinv_1 at 2. apply Houtside. lra.
        * intros y Hy. destruct (Rle_dec y 1); lra.
        * intros y Hy. destruct (Rle_dec y 1); [|reflexivity].
          replace y with 1 by lra. rewrite ln_1. ring.
    - apply derivable_pt_lim_locally_ext with (fun y => 1 + ln y) 1 (w + 1); [lra| |auto].
      intros z Hz. destruct (Rle_dec z 1); lra. }
  split.
  - unfold logarithmic. rewrite Rabs_R0. destruct (Rle_dec 0 1); lra.
  - exact Heven.
  - intros x y Hx Hxy. unfold logarithmic. rewrite !Rabs_right by lra.
    destruct (Rle_dec x 1), (Rle_dec y 1); try lra.
    + assert (ln 1 < ln y) by (apply ln_increasing; lra). rewrite ln_1 in *. lra.
    + assert (ln x < ln y) by (apply ln_increasing; lra). lra.
  - intros M. exists (Rmax 2 (exp M)). intros y Hy.
    assert (2 <= y) by (apply Rle_trans with (2 := Hy); apply Rmax_l).
    assert (HM : exp M <= y) by (apply Rle_trans with (2 := Hy); apply Rmax_r).
    rewrite logarithmic_of_positive by lra. destruct (Rle_dec y 1); [lra|].
    assert (M <= ln y); [|lra]. rewrite <- (ln_exp M).
    destruct HM as [HM| ->]; [left; apply ln_increasing; [apply exp_pos|exact HM]|lra].
  - intros w Hw. destruct (Rtotal_order w 0) as [Hneg|[H0|H]]; [|contradiction|auto].
    replace w with (- - w) at 1 by ring.
    replace (logarithmic_slope w) with (- logarithmic_slope (- w)).
    + apply derivative_even; [exact Heven|]. apply Hpos. lra.
    + unfold logarithmic_slope. rewrite Rabs_Ropp.
      destruct (Rle_dec (Rabs w) 1), (Rlt_dec w 0), (Rlt_dec (- w) 0); try lra. field. lra.
Qed.

Lemma logarithmic_convex : convex (fun t => logarithmic (exp t)).
Proof.
  assert (Hform : forall t, logarithmic (exp t) = if Rle_dec t 0 then exp t else 1 + t).
  { intros t. rewrite logarithmic_of_positive by apply exp_pos. rewrite ln_exp.
    destruct (Rle_dec (exp t) 1) as [H|H], (Rle_dec t 0) as [H0|H0]; try reflexivity; exfalso.
    - assert (exp 0 < exp t) by (apply exp_increasing; lra). rewrite exp_0 in *. lra.
    - apply H. rewrite <- exp_0. destruct H0 as [H0| ->]; [left; apply exp_increasing; exact H0|lra]. }
  (* It lies above its tangent of slope exp (min z 0) at z. *)
  assert (Htangent : forall z, exists s, forall x, logarithmic (exp z) + s * (x - z) <= logarithmic (exp x)).
  { intros z. exists (if Rle_dec z 0 then exp z else 1). intros x. rewrite !Hform.
    assert (Hx := exp_ineq1_le x). assert (Hxz := exp_ineq1_le (x - z)).
    destruct (Rle_dec z 0) as [Hz|Hz], (Rle_dec x 0) as [Hx0|Hx0]; try lra.
    - replace (exp x) with (exp z * exp (x - z)) by (rewrite <- exp_plus; f_equal; ring).
      assert (0 < exp z) by apply exp_pos. nra.
    - assert (Hz1 : exp z <= 1).
      { rewrite <- exp_0. destruct Hz as [Hz| ->]; [left; apply exp_increasing; exact Hz|lra]. }
      assert (Hz0 := exp_ineq1_le (- z)). assert (exp z * exp (- z) = 1) by (rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
      assert (0 < exp z) by apply exp_pos. nra. }
  intros x y t Ht. destruct (Htangent (t * x + (1 - t) * y)) as (s & Hs).
  assert (Hx := Hs x). assert (Hy := Hs y). simpl in *.
  replace (x - (t * x + (1 - t) * y)) with ((1 - t) * (x - y)) in Hx by ring.
  replace (y - (t * x + (1 - t) * y)) with (- (t * (x - y))) in Hy by ring.
  set (f := logarithmic (exp (t * x + (1 - t) * y))) in *. nra.
Qed.

(* Convexity alone does not make the minimiser unique: with one weight 2 in and one out, every multiplier from 1/2 to 2 is one. *)
Theorem minimisers_can_fill_an_interval :
  regular logarithmic logarithmic_slope /\ convex (fun t => logarithmic (exp t)) /\
  forall l, 1 / 2 <= l <= 2 ->
    minimiser (unit_total 1 (fun _ => logarithmic) (fun _ => 2) 1 (fun _ => logarithmic) (fun _ => 2)) l.
Proof.
  split; [apply logarithmic_regular|]. split; [apply logarithmic_convex|].
  assert (Hln : forall k, 0 < k -> ln (k * 2) + ln (2 / k) = 2 * ln 2).
  { intros k Hk. unfold Rdiv. rewrite !ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; lra). ring. }
  intros l Hl. split; [lra|]. intros k Hk. unfold unit_total. simpl. rewrite !Rplus_0_l.
  rewrite !logarithmic_of_positive by (try (apply Rdiv_lt_0_compat; lra); lra).
  assert (Hmin : forall x, 1 / 2 <= x <= 2 -> 1 <= x * 2 /\ 1 <= 2 / x).
  { intros x Hx. split; [lra|]. apply (Rmult_le_reg_r x); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
  destruct (Hmin l Hl) as (Hl1 & Hl2). assert (HL := Hln l ltac:(lra)). assert (HK := Hln k Hk).
  assert (Hvalue : (if Rle_dec (l * 2) 1 then l * 2 else 1 + ln (l * 2)) +
                   (if Rle_dec (2 / l) 1 then 2 / l else 1 + ln (2 / l)) = 2 + 2 * ln 2).
  { assert (H1 : (if Rle_dec (l * 2) 1 then l * 2 else 1 + ln (l * 2)) = 1 + ln (l * 2)).
    { destruct (Rle_dec (l * 2) 1); [|reflexivity]. replace (l * 2) with 1 by lra. rewrite ln_1. ring. }
    assert (H2 : (if Rle_dec (2 / l) 1 then 2 / l else 1 + ln (2 / l)) = 1 + ln (2 / l)).
    { destruct (Rle_dec (2 / l) 1); [|reflexivity]. replace (2 / l) with 1 by lra. rewrite ln_1. ring. }
    rewrite H1, H2. lra. }
  rewrite Hvalue.
  assert (Hk2 : 0 < 2 / k) by (apply Rdiv_lt_0_compat; lra).
  assert (B1 := ln_below (k * 2) ltac:(lra)). assert (B2 := ln_below (2 / k) Hk2).
  destruct (Rle_dec (k * 2) 1), (Rle_dec (2 / k) 1); lra.
Qed.
