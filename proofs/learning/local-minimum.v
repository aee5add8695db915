(* At every local minimum of E + L_p the input cost of every hidden unit is its output cost. E and L_p need not be differentiable there.

   A local minimum: no weights nearer than some d > 0, each by itself, are lower. Units are BiLUs; self-connections count on neither
   side. The loss is any function of the other units' values at any steps for any inputs (blind_to); initial states are 0. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums power_costs activations networks gradients learning.
Open Scope R_scope.

Section Network.

Variables (n : nat) (is_source : nat -> bool) (act : nat -> R -> R) (m : nat) (from to : nat -> nat).
Let E := objective n is_source act m from to.
Let scale (i : nat) (l : R) (w : nat -> R) (k : nat) : R := Rpower l (exponent from to 1 i k) * w k.

Lemma invariant : forall i loss x initial w l, 0 < l ->
  is_source i = false -> is_bilu (act i) -> blind_to n i loss -> (forall s, initial s i = 0) ->
  E loss x initial (scale i l w) = E loss x initial w.
Proof.
  intros i loss x initial w l Hl Hs Hb Hblind H0. apply Hblind. intros s t j Hj Hne.
  rewrite <- (run_of_scaled_synapses n is_source act m from to 1 i l w (x s) (initial s) t j);
    [|assumption|assumption|apply bilu_degree_one; exact Hb|assumption|assumption].
  apply run_initial_ext; [|exact Hj]. intros a _. unfold single.
  destruct (Nat.eqb_spec a i) as [->|Ha]; [rewrite H0; ring|rewrite Rpower_one; ring].
Qed.

Lemma scaled_total : forall i p w l, 0 < l ->
  total_cost p m (scale i l w) - total_cost p m w =
  (Rpower l p - 1) * (sum_where m (incoming from to i) (fun k => cost p (w k)) -
    sum_where m (outgoing from to i) (fun k => cost p (w k)) / Rpower l p).
Proof.
  intros i p w l Hl. assert (Hs : 0 < Rpower l p) by apply Rpower_pos.
  unfold total_cost, sum_where. unfold Rdiv. rewrite <- sum_scale_r, <- !sum_minus, <- sum_scale. apply sum_ext. intros k _.
  unfold scale. rewrite cost_multiple by apply Rpower_pos.
  unfold exponent, incoming, outgoing. destruct (Nat.eqb (to k) i), (Nat.eqb (from k) i); simpl.
  - replace (1 - 1) with 0 by ring. rewrite Rpower_O by exact Hl. rewrite Rpower_one. field. lra.
  - replace (1 - 0) with 1 by ring. rewrite Rpower_1 by exact Hl. field. lra.
  - replace (0 - 1) with (- (1)) by ring. rewrite Rpower_Ropp, Rpower_1 by exact Hl.
    rewrite Rpower_inverse, Rpower_Ropp by exact Hl. field. lra.
  - replace (0 - 0) with 0 by ring. rewrite Rpower_O by exact Hl. rewrite Rpower_one. field. lra.
Qed.

Lemma near : forall i w d, 0 < d -> exists r, 0 < r /\
  forall l, 0 < l -> Rabs (l - 1) < r -> forall k, (k < m)%nat -> Rabs (scale i l w k - w k) < d.
Proof.
  intros i w d Hd.
  destruct (finite_radius m (fun k r => forall l, 0 < l -> Rabs (l - 1) < r -> Rabs (scale i l w k - w k) < d)) as (r & Hr & H).
  - intros k a b H Hb l Hl Hlt. apply H; lra.
  - intros k _. set (a := exponent from to 1 i k).
    assert (C : continuity_pt (fun l => Rpower l a * w k) 1).
    { apply derivable_continuous_pt. exists (a * Rpower 1 (a - 1) * w k + 0 * Rpower 1 a).
      replace (a * Rpower 1 (a - 1) * w k + 0 * Rpower 1 a) with (a * Rpower 1 (a - 1) * w k + Rpower 1 a * 0) by ring.
      apply (derivable_pt_lim_mult (fun l => Rpower l a) (fct_cte (w k))); [apply derivable_pt_lim_power; lra|apply derivable_pt_lim_const]. }
    destruct (C d Hd) as (r & Hr & H). exists r. split; [exact Hr|]. intros l Hl Hlt.
    destruct (Req_dec l 1) as [->|Hne].
    + unfold scale. rewrite Rpower_one. replace (1 * w k - w k) with 0 by ring. rewrite Rabs_R0. exact Hd.
    + specialize (H l). unfold D_x, no_cond, R_dist in H. simpl in H. unfold R_dist in H. rewrite Rpower_one, Rmult_1_l in H.
      apply H. split; [split; [exact I|auto]|exact Hlt].
  - exists r. split; [exact Hr|]. intros l Hl Hlt k Hk. apply (H k Hk); assumption.
Qed.

Lemma still_below : forall A B t0, 0 <= A -> A < B -> 0 < t0 -> exists t, 0 < t < t0 /\ exp t * A < B.
Proof.
  intros A B t0 HA Hlt Ht0. destruct (Req_dec A 0) as [Z|Z].
  - exists (t0 / 2). split; [lra|]. rewrite Z, Rmult_0_r. lra.
  - exists (Rmin (t0 / 2) (ln (B / A) / 2)).
    assert (1 < B / A) by (apply (Rmult_lt_reg_r A); [lra|]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; lra).
    assert (Hln : 0 < ln (B / A)) by (rewrite <- ln_1; apply ln_increasing; lra).
    assert (M1 := Rmin_l (t0 / 2) (ln (B / A) / 2)). assert (M2 := Rmin_r (t0 / 2) (ln (B / A) / 2)).
    split; [split; [apply Rmin_pos; lra|lra]|].
    apply Rlt_le_trans with (exp (ln (B / A)) * A).
    + apply Rmult_lt_compat_r; [lra|]. apply exp_increasing. lra.
    + rewrite exp_ln by lra. right. field. lra.
Qed.

Theorem local_minimum : forall i loss x initial p w, 0 < p ->
  is_source i = false -> is_bilu (act i) -> blind_to n i loss -> (forall s, initial s i = 0) ->
  (exists d, 0 < d /\ forall u, (forall k, (k < m)%nat -> Rabs (u k - w k) < d) ->
     E loss x initial w + total_cost p m w <= E loss x initial u + total_cost p m u) ->
  sum_where m (incoming from to i) (fun k => cost p (w k)) = sum_where m (outgoing from to i) (fun k => cost p (w k)).
Proof.
  intros i loss x initial p w Hp Hs Hb Hblind H0 (d & Hd & Hmin).
  set (A := sum_where m (incoming from to i) (fun k => cost p (w k))).
  set (B := sum_where m (outgoing from to i) (fun k => cost p (w k))).
  assert (HA : 0 <= A) by (apply sum_nonneg; intros k _; destruct (incoming from to i k); [apply cost_nonneg|lra]).
  assert (HB : 0 <= B) by (apply sum_nonneg; intros k _; destruct (outgoing from to i k); [apply cost_nonneg|lra]).
  destruct (near i w d Hd) as (r & Hr & Hnear).
  assert (Hno : forall l, 0 < l -> Rabs (l - 1) < r -> 0 <= (Rpower l p - 1) * (A - B / Rpower l p)).
  { intros l Hl Hlt. assert (H := Hmin (scale i l w) (Hnear l Hl Hlt)).
    rewrite (invariant i loss x initial w l) in H by assumption.
    assert (T := scaled_total i p w l Hl). fold A in T. fold B in T. lra. }
  (* l = exp (t / p), s = exp t *)
  assert (Hchoose : forall t, exists l, 0 < l /\ Rpower l p = exp t /\ l = exp (t / p)).
  { intros t. exists (exp (t / p)). split; [apply exp_pos|]. split; [|reflexivity].
    unfold Rpower. rewrite ln_exp. f_equal. field. lra. }
  assert (Hclose : exists t0, 0 < t0 /\ forall t, Rabs t < t0 -> Rabs (exp (t / p) - 1) < r).
  { assert (C : continuity_pt exp 0) by (apply derivable_continuous_pt; apply derivable_pt_exp).
    destruct (C r Hr) as (e & He & H). exists (e * p). split; [apply Rmult_lt_0_compat; lra|]. intros t Ht.
    destruct (Req_dec t 0) as [->|Hne].
    - unfold Rdiv. rewrite Rmult_0_l, exp_0. replace (1 - 1) with 0 by ring. rewrite Rabs_R0. exact Hr.
    - specialize (H (t / p)). unfold D_x, no_cond in H. simpl in H. unfold R_dist in H. rewrite exp_0 in H. apply H.
      split.
      + split; [exact I|]. intros Z. apply Hne. apply (Rmult_eq_reg_r (/ p)); [|apply Rinv_neq_0_compat; lra]. unfold Rdiv in Z. lra.
      + rewrite Rminus_0_r. unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ p)) by (left; apply Rinv_0_lt_compat; lra).
        apply (Rmult_lt_reg_r p); [lra|]. rewrite Rmult_assoc, Rinv_l by lra. lra. }
  destruct Hclose as (t0 & Ht0 & Hclose).
  assert (Hall : forall t, Rabs t < t0 -> 0 <= (exp t - 1) * (A - B / exp t)).
  { intros t Ht. destruct (Hchoose t) as (l & Hl & Hpow & El). rewrite <- Hpow. apply Hno; [exact Hl|]. rewrite El. auto. }
  destruct (Rtotal_order A B) as [Hlt|[Heq|Hgt]]; [|exact Heq|]; exfalso.
  - (* s slightly above 1, with s A < B *)
    destruct (still_below A B t0 HA Hlt Ht0) as (t & (Hpos & Hsmall) & Hlow). specialize (Hall t ltac:(rewrite Rabs_right; lra)).
    assert (1 < exp t) by (rewrite <- exp_0; apply exp_increasing; exact Hpos).
    assert (A - B / exp t < 0).
    { apply (Rmult_lt_reg_r (exp t)); [lra|]. replace ((A - B / exp t) * exp t) with (exp t * A - B) by (field; lra). lra. }
    nra.
  - destruct (still_below B A t0 HB Hgt Ht0) as (t & (Hpos & Hsmall) & Hlow).
    specialize (Hall (- t) ltac:(rewrite Rabs_Ropp, Rabs_right; lra)).
    rewrite exp_Ropp in Hall. assert (1 < exp t) by (rewrite <- exp_0; apply exp_increasing; exact Hpos).
    replace (A - B / / exp t) with (A - B * exp t) in Hall by (field; lra).
    assert (/ exp t < 1) by (rewrite <- Rinv_1; apply Rinv_lt_contravar; lra).
    nra.
Qed.

End Network.
