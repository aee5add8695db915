(* For every additive regularizer with g increasing in |w| there is one optimal λ*.

   Corrected: There is a minimiser; it is unique if t -> g(exp t) is convex for all of the unit's synapses of non-zero weight and
   strictly for one of them.

   The correction is thm_3_1_general. Here: it fails as printed for g(w) = ((|w| - 2)³ + 8)/3 + |w|/2 with one weight 1 in and one
   out. The minimisers are the two solutions of λ + 1/λ = 2 + 1/sqrt 2, each other's inverse; λ = 1 satisfies the equation of
   balance and is a local maximum. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import calculus additive_costs thm_3_1_general.
Open Scope R_scope.

Definition cubic (x : R) : R := ((x - 2) ^ 3 + 8) / 3 + x / 2.
Definition g (w : R) : R := cubic (Rabs w).
Definition g' (w : R) : R := (if Rlt_dec w 0 then -1 else 1) * ((Rabs w - 2) ^ 2 + 1 / 2).

Lemma cubic_derivative : forall x, derivable_pt_lim cubic x ((x - 2) ^ 2 + 1 / 2).
Proof.
  intros x. unfold cubic.
  replace ((x - 2) ^ 2 + 1 / 2) with ((INR 3 * (x - 2) ^ pred 3 * (1 - 0) + 0) / 3 + 1 / 2) by (simpl; field).
  apply (derivable_pt_lim_plus (fun x => ((x - 2) ^ 3 + 8) / 3) (fun x => x / 2)).
  - apply (derivable_pt_lim_div_scal (fun x => (x - 2) ^ 3 + 8)).
    apply (derivable_pt_lim_plus (fun x => (x - 2) ^ 3) (fct_cte 8)); [|apply derivable_pt_lim_const].
    apply (derivable_pt_lim_comp (fun x => x - 2) (fun y => y ^ 3)).
    + apply (derivable_pt_lim_minus id (fct_cte 2)); [apply derivable_pt_lim_id|apply derivable_pt_lim_const].
    + apply derivable_pt_lim_pow.
  - apply (derivable_pt_lim_div_scal id). apply derivable_pt_lim_id.
Qed.

Lemma g_regular : regular g g'.
Proof.
  assert (Heven : forall w, g (- w) = g w) by (intros w; unfold g; rewrite Rabs_Ropp; reflexivity).
  assert (Hpos : forall w, 0 < w -> derivable_pt_lim g w (g' w)).
  { intros w Hw. apply derivative_positive_side with cubic; [exact Hw| |].
    - intros y Hy. unfold g. rewrite Rabs_right by lra. reflexivity.
    - unfold g'. rewrite Rabs_right by lra. destruct (Rlt_dec w 0); [lra|].
      rewrite Rmult_1_l. apply cubic_derivative. }
  split.
  - unfold g, cubic. rewrite Rabs_R0. field.
  - exact Heven.
  - intros x y Hx Hxy. unfold g, cubic. rewrite !Rabs_right by lra.
    assert (0 < (y - x) * (((y - 2) * (y - 2) + (y - 2) * (x - 2) + (x - 2) * (x - 2)) / 3 + 1 / 2)).
    { apply Rmult_lt_0_compat; [lra|]. assert (H := Rle_0_sqr (y - 2 + (x - 2))).
      assert (H1 := Rle_0_sqr (y - 2)). assert (H2 := Rle_0_sqr (x - 2)). unfold Rsqr in *. lra. }
    replace ((y - 2) ^ 3) with ((x - 2) ^ 3 + (y - x) * ((y - 2) * (y - 2) + (y - 2) * (x - 2) + (x - 2) * (x - 2))) by ring.
    lra.
  - intros M. exists (Rmax 2 (2 * M)). intros y Hy.
    assert (2 <= y) by (apply Rle_trans with (2 := Hy); apply Rmax_l).
    assert (2 * M <= y) by (apply Rle_trans with (2 := Hy); apply Rmax_r).
    unfold g, cubic. rewrite Rabs_right by lra.
    assert (0 <= (y - 2) ^ 3) by (apply pow_le; lra). lra.
  - intros w Hw. destruct (Rtotal_order w 0) as [Hneg|[H0|H]]; [|contradiction|auto].
    replace w with (- - w) at 1 by ring. replace (g' w) with (- g' (- w)).
    + apply derivative_even; [exact Heven|]. apply Hpos. lra.
    + unfold g'. rewrite Rabs_Ropp. destruct (Rlt_dec w 0), (Rlt_dec (- w) 0); lra.
Qed.

Definition total : R -> R := unit_total 1 (fun _ => g) (fun _ => 1) 1 (fun _ => g) (fun _ => 1).

(* The total is a cubic polynomial in λ + 1/λ. *)
Definition in_sum (s : R) : R := s ^ 3 / 3 - 2 * s ^ 2 + 7 / 2 * s + 4.

Lemma total_in_sum : forall l, 0 < l -> total l = in_sum (l + / l).
Proof.
  intros l Hl. assert (0 < / l) by (apply Rinv_0_lt_compat; exact Hl).
  unfold total, unit_total, in_sum. simpl. unfold Rdiv at 1. rewrite Rmult_1_r, Rmult_1_l.
  unfold g, cubic. rewrite !Rabs_right by lra. field. lra.
Qed.

Lemma sum_at_least_two : forall l, 0 < l -> l <> 1 -> 2 < l + / l.
Proof.
  intros l Hl Hne. assert (Hinv : 0 < / l) by (apply Rinv_0_lt_compat; exact Hl).
  assert (0 < (l - 1) * (l - 1) * / l) by (apply Rmult_lt_0_compat; [nra|exact Hinv]).
  replace (l + / l) with (2 + (l - 1) * (l - 1) * / l) by (field; lra). lra.
Qed.

Definition best_sum : R := 2 + / sqrt 2.

Lemma in_sum_gap : forall s, in_sum s - in_sum best_sum = (s - best_sum) ^ 2 * (s - 2 + 2 * / sqrt 2) / 3.
Proof.
  intros s. assert (Hr : / sqrt 2 * / sqrt 2 = / 2).
  { rewrite <- Rinv_mult, sqrt_sqrt by lra. reflexivity. }
  unfold in_sum, best_sum. set (r := / sqrt 2) in *.
  replace ((2 + r) ^ 3) with (8 + 12 * r + 6 * (r * r) + r * (r * r)) by ring.
  replace ((2 + r) ^ 2) with (4 + 4 * r + r * r) by ring.
  replace ((s - (2 + r)) ^ 2 * (s - 2 + 2 * r) / 3)
    with ((s - 2) ^ 3 / 3 - (s - 2) * (r * r) + 2 / 3 * r * (r * r)) by field.
  rewrite Hr. field.
Qed.

Lemma optimal_iff : forall l, 0 < l -> minimiser total l <-> l + / l = best_sum.
Proof.
  assert (Hr : 0 < / sqrt 2) by (apply Rinv_0_lt_compat; apply sqrt_lt_R0; lra).
  assert (Htwo : forall l, 0 < l -> 2 <= l + / l).
  { intros l Hl. destruct (Req_dec l 1) as [->|Hne]; [rewrite Rinv_1; lra|].
    left. apply sum_at_least_two; assumption. }
  assert (Hbest : exists b, 0 < b /\ b + / b = best_sum).
  { set (d := sqrt (best_sum * best_sum - 4)).
    assert (Hd : d * d = best_sum * best_sum - 4).
    { apply sqrt_sqrt. unfold best_sum. nra. }
    assert (0 <= d) by apply sqrt_pos.
    assert (Hb : 0 < (best_sum + d) / 2) by (unfold best_sum; lra).
    exists ((best_sum + d) / 2). split; [exact Hb|].
    apply (Rmult_eq_reg_l ((best_sum + d) / 2)); [|lra].
    rewrite Rmult_plus_distr_l, Rinv_r by lra. nra. }
  intros l Hl. split.
  - intros (_ & Hmin). destruct Hbest as (b & Hb & Hsum). specialize (Hmin b Hb).
    rewrite !total_in_sum, Hsum in Hmin by assumption.
    assert (Hgap := in_sum_gap (l + / l)). specialize (Htwo l Hl).
    destruct (Req_dec (l + / l) best_sum) as [|Hne]; [assumption|exfalso].
    assert (0 < (l + / l - best_sum) ^ 2 * (l + / l - 2 + 2 * / sqrt 2)).
    { apply Rmult_lt_0_compat; [|lra]. simpl. rewrite Rmult_1_r. apply Rsqr_pos_lt. lra. }
    lra.
  - intros Hsum. split; [exact Hl|]. intros k Hk. rewrite !total_in_sum, Hsum by assumption.
    assert (Hgap := in_sum_gap (k + / k)). specialize (Htwo k Hk).
    assert (0 <= (k + / k - best_sum) ^ 2 * (k + / k - 2 + 2 * / sqrt 2)).
    { apply Rmult_le_pos; [apply pow2_ge_0|lra]. }
    lra.
Qed.

Theorem E2 :
  regular g g' /\
  (* Two minimisers, of the same total. *)
  (exists l, 1 < l /\ forall k, minimiser total k <-> (k = l \/ k = / l)) /\
  (* λ = 1 is balanced, a strict local maximum, and worse than λ = 2. *)
  1 * 1 * (1 * g' (1 * 1)) = 1 * g' (1 / 1) /\
  (forall l, 1 / 2 <= l <= 2 -> l <> 1 -> total l < total 1) /\
  total 1 = 17 / 3 /\ total 2 = 131 / 24 /\ total (1 / 2) = 131 / 24.
Proof.
  split; [apply g_regular|]. split; [|split; [|split]].
  - assert (Hr : 0 < / sqrt 2) by (apply Rinv_0_lt_compat; apply sqrt_lt_R0; lra).
    set (d := sqrt (best_sum * best_sum - 4)).
    assert (Hd : d * d = best_sum * best_sum - 4).
    { apply sqrt_sqrt. unfold best_sum. nra. }
    assert (0 <= d) by apply sqrt_pos.
    set (l := (best_sum + d) / 2).
    assert (Hl : 1 < l) by (unfold l, best_sum; lra).
    assert (Hsum : l + / l = best_sum).
    { apply (Rmult_eq_reg_l l); [|lra]. rewrite Rmult_plus_distr_l, Rinv_r by lra. unfold l. nra. }
    exists l. split; [exact Hl|]. intros k. split.
    + intros Hopt. assert (Hk := proj1 Hopt). apply optimal_iff in Hopt; [|exact Hk].
      assert (Hz : (k - l) * (k - / l) = 0).
      { replace ((k - l) * (k - / l)) with (k * (k + / k - (l + / l))) by (field; lra). rewrite Hopt, Hsum. ring. }
      apply Rmult_integral in Hz. destruct Hz; [left|right]; lra.
    + assert (0 < / l) by (apply Rinv_0_lt_compat; lra).
      intros [->| ->]; apply optimal_iff; try lra. rewrite Rinv_inv. lra.
  - unfold Rdiv. rewrite Rinv_1, !Rmult_1_r, !Rmult_1_l. reflexivity.
  - intros l Hl Hne. rewrite !total_in_sum, Rinv_1 by lra.
    assert (Hs := sum_at_least_two l ltac:(lra) Hne).
    assert (Hs2 : l + / l <= 5 / 2).
    { apply (Rmult_le_reg_r l); [lra|]. rewrite Rmult_plus_distr_r, Rinv_l by lra. nra. }
    set (s := l + / l) in *. unfold in_sum.
    assert ((s - 2) * (1 / 2 - (s - 2) * (s - 2) / 3) > 0) by (apply Rmult_lt_0_compat; nra).
    simpl. nra.
  - rewrite !total_in_sum by lra. unfold in_sum. repeat split; field.
Qed.
