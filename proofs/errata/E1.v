(* Any sequence of scalings each of which lowers R converges to the same optimum.

   Corrected: If the minimum is attained: in any fair order, if each step gains at least a fixed fraction of what its unit can gain,
   passing λ* or not. A step that goes at least a fixed fraction of the way from 1 to λ*, on the log scale, without passing it does.

   E1: it fails as printed for one unit with A = 16, B = 1, p = 2. fraction_of_the_gain_suffices and fraction_of_the_way_suffices are
   the two sentences of the correction, for any finite list of terms (general/balancing_problem.v): weights converge, and multipliers
   where non-zero terms join the unit to the ground. *)

From Coq Require Import Reals Lra Lia List Arith.
From Synbal Require Import balancing_problem convexity convergence steps minima fractions thm_5_1.
Open Scope R_scope.

(* R as a function of the accumulated scaling. *)
Definition whole_cost (l : R) : R := 16 * (l * l) + / (l * l).

Definition scaling (t : nat) : R := 3 / 4 + (1 / 2) ^ t / 4.

Lemma scaling_above : forall t, 3 / 4 < scaling t.
Proof. intros t. unfold scaling. assert (0 < (1 / 2) ^ t) by (apply pow_lt; lra). lra. Qed.

Lemma whole_cost_increases : forall x y, 3 / 4 <= x -> x < y -> whole_cost x < whole_cost y.
Proof.
  intros x y Hx Hxy. unfold whole_cost.
  assert (Hx2 : 9 / 16 <= x * x) by nra. assert (Hy2 : 9 / 16 <= y * y) by nra.
  assert (Hxy2 : x * x < y * y) by nra.
  assert (Hgap : / (x * x) - / (y * y) = (y * y - x * x) / (x * x * (y * y))) by (field; lra).
  assert (Hsmall : (y * y - x * x) / (x * x * (y * y)) <= (y * y - x * x) * 4).
  { apply Rmult_le_compat_l; [lra|]. replace 4 with (/ (/ 4)) by field. apply Rinv_le_contravar; [lra|]. nra. }
  lra.
Qed.

Theorem E1 :
  (* The optimum. *)
  (forall l, 0 < l -> whole_cost (1 / 2) <= whole_cost l) /\ whole_cost (1 / 2) = 8 /\
  (* Every step lowers R; it begins at 1, and tends to 97/9, the value at 3/4. *)
  scaling 0 = 1 /\ (forall t, 0 < scaling t) /\ (forall t, whole_cost (scaling (S t)) < whole_cost (scaling t)) /\
  Un_cv scaling (3 / 4) /\ Un_cv (fun t => whole_cost (scaling t)) (97 / 9) /\ 8 < 97 / 9.
Proof.
  assert (Hhalf : whole_cost (1 / 2) = 8) by (unfold whole_cost; field).
  assert (Hlimit : Un_cv scaling (3 / 4)).
  { assert (Hsum : Un_cv scaling (3 / 4 + 0 * / 4)); [|rewrite Rmult_0_l, Rplus_0_r in Hsum; exact Hsum].
    apply (CV_plus (fun _ => 3 / 4) (fun t => (1 / 2) ^ t / 4)).
    - intros e He. exists 0%nat. intros n _. unfold R_dist. rewrite Rminus_eq_0, Rabs_R0. exact He.
    - apply (CV_mult (fun t => (1 / 2) ^ t) (fun _ => / 4)).
      + intros e He. destruct (pow_lt_1_zero (1 / 2)) with (y := e) as (N & HN); [rewrite Rabs_right; lra|exact He|].
        exists N. intros n Hn. unfold R_dist. rewrite Rminus_0_r. apply HN. exact Hn.
      + intros e He. exists 0%nat. intros n _. unfold R_dist. rewrite Rminus_eq_0, Rabs_R0. exact He. }
  repeat split.
  - intros l Hl. rewrite Hhalf. unfold whole_cost. assert (Hl2 : 0 < l * l) by nra.
    replace (16 * (l * l) + / (l * l)) with (8 + (4 * (l * l) - 1) * (4 * (l * l) - 1) / (l * l)) by (field; lra).
    assert (0 <= (4 * (l * l) - 1) * (4 * (l * l) - 1) / (l * l)); [|lra].
    apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat; exact Hl2].
    assert (H := Rle_0_sqr (4 * (l * l) - 1)). unfold Rsqr in H. exact H.
  - exact Hhalf.
  - unfold scaling. simpl. field.
  - intros t. assert (H := scaling_above t). lra.
  - intros t. apply whole_cost_increases.
    + left. apply scaling_above.
    + unfold scaling. assert (0 < (1 / 2) ^ t) by (apply pow_lt; lra). simpl. lra.
  - exact Hlimit.
  - replace (97 / 9) with (whole_cost (3 / 4)) by (unfold whole_cost; field).
    apply (continuity_seq whole_cost scaling (3 / 4)); [|exact Hlimit].
    unfold whole_cost. apply (continuity_pt_plus (fun l => 16 * (l * l)) (fun l => / (l * l))).
    + apply (continuity_pt_scal (fun l => l * l)). apply (continuity_pt_mult id id); apply derivable_continuous_pt; apply derivable_pt_id.
    + apply (continuity_pt_inv (fun l => l * l)); [|lra].
      apply (continuity_pt_mult id id); apply derivable_continuous_pt; apply derivable_pt_id.
  - lra.
Qed.

(* What the runs of the correction come to. *)
Definition converges_to (P : problem) (best : nat -> R) (mu : nat -> nat -> R) : Prop :=
  (forall t, regularizer P (mu (S t)) <= regularizer P (mu t)) /\
  Un_cv (fun t => regularizer P (mu t)) (regularizer P best) /\
  (forall e, In e (terms P) -> Un_cv (fun t => cost_at (mu t) e) (cost_at best e)) /\
  (forall i, grounded P i -> Un_cv (fun t => mu t i) (best i)).

(* Each step changes one unit and gains at least the fraction eta of what any multiplier of that unit gains. *)
Theorem fraction_of_the_gain_suffices : forall P eta,
  well_formed P -> attained P -> 0 < eta ->
  exists best, minimum P best /\
    forall order mu,
      fair (hidden P) order -> (forall t, multipliers P (mu t)) ->
      (forall t k, k <> order t -> mu (S t) k = mu t k) ->
      (forall t v, 0 < v ->
         eta * (regularizer P (mu t) - regularizer P (moved (mu t) (order t) v)) <= regularizer P (mu t) - regularizer P (mu (S t))) ->
      converges_to P best mu.
Proof.
  intros P eta Hwf (best & Hmin) Heta. exists best. split; [exact Hmin|].
  assert (Hb : balanced P best) by (apply balanced_iff_minimum; assumption).
  intros order mu Hfair Hmu Hkeep Hgain.
  destruct (fractions_converge P best eta order mu Hwf Hb Heta Hfair Hmu Hkeep Hgain) as (H1 & H2 & _ & H4 & H5).
  split; [exact H1|]. split; [exact H2|]. split; [exact H5|exact H4].
Qed.

(* Each step goes the part th of the way, on the log scale, to a multiplier v that balances its unit; th is between eta and 1. *)
Theorem fraction_of_the_way_suffices : forall P eta,
  well_formed P -> attained P -> 0 < eta ->
  exists best, minimum P best /\
    forall order mu,
      fair (hidden P) order -> multipliers P (mu O) ->
      (forall t k, k <> order t -> mu (S t) k = mu t k) ->
      (forall t, exists v th, 0 < v /\ balances P (order t) (mu t) (moved (mu t) (order t) v) /\ eta <= th <= 1 /\
         mu (S t) (order t) = mu t (order t) * Rpower (v / mu t (order t)) th) ->
      converges_to P best mu.
Proof.
  intros P eta Hwf Hat Heta. destruct (fraction_of_the_gain_suffices P eta Hwf Hat Heta) as (best & Hmin & H).
  exists best. split; [exact Hmin|]. intros order mu Hfair Hstart Hkeep Hstep.
  assert (Hmu : forall t, multipliers P (mu t)).
  { induction t as [|t IH]; [exact Hstart|]. destruct (Hstep t) as (v & th & _ & _ & _ & E). split.
    - intros k. destruct (Nat.eq_dec k (order t)) as [->|Hne]; [|rewrite Hkeep by exact Hne; apply IH].
      rewrite E. apply Rmult_lt_0_compat; [apply IH|apply exp_pos].
    - intros k Hk. rewrite Hkeep; [apply IH; exact Hk|]. intros ->. apply Hk. apply Hfair. }
  apply H with order; auto. intros t u Hu. destruct (Hstep t) as (v & th & Hv & (_ & _ & Hbal) & Hth & E).
  assert (Hi : In (order t) (hidden P)) by apply Hfair. assert (Hx := potential_log P _ (Hmu t)).
  set (x := log_of (mu t)) in *. set (i := order t) in *. rewrite !regularizer_log. fold x.
  assert (Emoved : forall a k, log_of (moved (mu t) i a) k = moved x i (ln a) k).
  { intros a k. unfold log_of, moved, x. destruct (k =? i)%nat; reflexivity. }
  rewrite input_log, output_log, (input_ext P _ _ i (Emoved v)), (output_ext P _ _ i (Emoved v)) in Hbal.
  assert (Enext : forall k, log_of (mu (S t)) k = moved x i (x i + th * (ln v - x i)) k).
  { intros k. unfold moved. destruct (Nat.eqb_spec k i) as [->|Hne]; [|unfold log_of; rewrite Hkeep by exact Hne; reflexivity].
    assert (Hp : 0 < mu t i) by apply Hmu. unfold log_of at 1. rewrite E, ln_mult; [|exact Hp|apply exp_pos].
    unfold Rpower. rewrite ln_exp. unfold Rdiv. rewrite ln_mult, ln_Rinv; [reflexivity|exact Hp|exact Hv|apply Rinv_0_lt_compat; exact Hp]. }
  rewrite (total_ext P _ _ (Emoved u)), (total_ext P _ _ Enext).
  assert (Hlow := balanced_unit_lowest P i x (ln v) (ln u) Hwf Hi Hx Hbal).
  assert (Hself := balanced_unit_lowest P i x (ln v) (x i) Hwf Hi Hx Hbal).
  rewrite (total_ext P (moved x i (x i)) x) in Hself.
  - assert (Hpart := part_of_the_way P i x (ln v) th Hwf Hi Hx ltac:(lra)).
    assert (eta * (total P x - total P (moved x i (ln u))) <= eta * (total P x - total P (moved x i (ln v)))) by (apply Rmult_le_compat_l; lra).
    assert (eta * (total P x - total P (moved x i (ln v))) <= th * (total P x - total P (moved x i (ln v)))) by (apply Rmult_le_compat_r; lra).
    lra.
  - intros k. unfold moved. destruct (Nat.eqb_spec k i) as [->|]; reflexivity.
Qed.
