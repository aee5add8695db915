(* Balancing the weights of a network, synapse by synapse, is balancing the flat problem (balancing_problem.v) of their costs.

   Units of degree 1 and L_p. Synapse k < m goes from the unit `from k` to the unit `to k`. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require finite_sums power_costs learning networks.
From Synbal Require Import balancing_problem convexity convergence minima steps cycles existence thm_5_1.
Import ListNotations.
Open Scope R_scope.

Section Network.

Variables (m : nat) (from to : nat -> nat) (units : list nat) (p : R).
Hypothesis p_pos : 0 < p.

Definition flat (w : nat -> R) : problem :=
  Problem units (map (fun k => Term (from k) (to k) (power_costs.cost p (w k)) 1 1) (seq 0 m)).

Notation scaled_weights := (learning.scaled_weights from to).

Definition total_cost (w : nat -> R) : R := finite_sums.sum m (fun k => power_costs.cost p (w k)).
Definition incoming_cost (w : nat -> R) (i : nat) : R :=
  learning.sum_where m (learning.incoming from to i) (fun k => power_costs.cost p (w k)).
Definition outgoing_cost (w : nat -> R) (i : nat) : R :=
  learning.sum_where m (learning.outgoing from to i) (fun k => power_costs.cost p (w k)).

(* The step of the algorithm, and its run. *)
Definition best_multiplier (w : nat -> R) (i : nat) : R := Rpower (outgoing_cost w i / incoming_cost w i) (/ (2 * p)).
Definition balance_unit (i : nat) (w : nat -> R) : nat -> R := scaled_weights (networks.single i (best_multiplier w i)) w.

Fixpoint balancing (order : nat -> nat) (w : nat -> R) (t : nat) : nat -> R :=
  match t with
  | O => w
  | S t => balance_unit (order t) (balancing order w t)
  end.

Lemma sum_over_app : forall {T} (l l' : list T) f, sum_over (l ++ l') f = sum_over l f + sum_over l' f.
Proof. intros T l l' f. induction l as [|e l IH]; simpl; [ring|rewrite IH; ring]. Qed.

Lemma sum_over_synapses : forall {T} (f : nat -> T) g,
  sum_over (map f (seq 0 m)) g = finite_sums.sum m (fun k => g (f k)).
Proof.
  intros T f g. clear p_pos. induction m as [|k IH]; [reflexivity|].
  rewrite seq_S, map_app, sum_over_app, IH. simpl. ring.
Qed.

(* Multipliers of costs and of weights. *)
Definition root (mu : nat -> R) (i : nat) : R := Rpower (mu i) (/ p).

Lemma root_power : forall mu i, 0 < mu i -> Rpower (root mu i) p = mu i.
Proof.
  intros mu i H. unfold root. rewrite Rpower_mult, Rinv_l by lra. apply Rpower_1. exact H.
Qed.

Lemma cost_of_scaled : forall w mu k, (forall i, 0 < mu i) ->
  power_costs.cost p (scaled_weights (root mu) w k) =
  cost_at mu (Term (from k) (to k) (power_costs.cost p (w k)) 1 1).
Proof.
  intros w mu k Hmu. unfold scaled_weights, cost_at. simpl. rewrite !Rpower_1 by apply Hmu.
  assert (Hr : forall i, 0 < root mu i) by (intros i; apply power_costs.Rpower_pos).
  replace (root mu (to k) * w k / root mu (from k)) with (root mu (to k) * (w k / root mu (from k))) by (unfold Rdiv; ring).
  rewrite power_costs.cost_multiple, power_costs.cost_quotient, Rpower_Ropp by apply Hr.
  rewrite !root_power by apply Hmu. unfold Rdiv. ring.
Qed.

Lemma costs_of_scaled : forall w mu, (forall i, 0 < mu i) ->
  total_cost (scaled_weights (root mu) w) = regularizer (flat w) mu /\
  (forall i, incoming_cost (scaled_weights (root mu) w) i = input_cost (flat w) mu i) /\
  (forall i, outgoing_cost (scaled_weights (root mu) w) i = output_cost (flat w) mu i).
Proof.
  intros w mu Hmu. unfold total_cost, incoming_cost, outgoing_cost, regularizer, input_cost, output_cost, learning.sum_where. simpl terms.
  repeat split; intros; rewrite sum_over_synapses; apply finite_sums.sum_ext; intros k _.
  - apply cost_of_scaled. exact Hmu.
  - rewrite cost_of_scaled by exact Hmu. unfold learning.incoming, enters. simpl. rewrite Rmult_1_l. reflexivity.
  - rewrite cost_of_scaled by exact Hmu. unfold learning.outgoing, leaves. simpl. rewrite Rmult_1_l. reflexivity.
Qed.

Lemma flat_well_formed : forall w, NoDup units -> plain (flat w) /\ well_formed (flat w).
Proof.
  intros w H. split.
  - intros e He. apply in_map_iff in He. destruct He as (k & <- & _). split; reflexivity.
  - split; [exact H|]. intros e He. apply in_map_iff in He. destruct He as (k & <- & _).
    unfold well_formed_term. simpl. assert (Hc := power_costs.cost_nonneg p (w k)). repeat split; lra.
Qed.

Lemma root_step : forall mu i k s, (forall i, 0 < mu i) -> 0 < s ->
  root (fun k => if (k =? i)%nat then mu i * sqrt s else mu k) k = networks.single i (Rpower s (/ (2 * p))) k * root mu k.
Proof.
  intros mu i k s Hmu Hs. unfold root, networks.single. destruct (Nat.eqb_spec k i) as [->|Hne].
  - rewrite <- Rpower_mult_distr by (try apply sqrt_lt_R0; auto). rewrite <- (Rpower_sqrt s Hs), Rpower_mult.
    replace (/ 2 * / p) with (/ (2 * p)) by (field; lra). ring.
  - ring.
Qed.

Lemma balancing_is_flat : forall w order,
  NoDup units -> all_grounded (flat w) -> attained (flat w) -> (forall t, In (order t) units) ->
  forall t, multipliers (flat w) (run (flat w) order (fun _ => 1) t) /\
    forall k, balancing order w t k = scaled_weights (root (run (flat w) order (fun _ => 1) t)) w k.
Proof.
  intros w order Hnodup Hg Hat Horder. destruct (flat_well_formed w Hnodup) as (Hp & Hwf).
  destruct Hat as (best & Hmin). assert (Hb : balanced (flat w) best) by (apply balanced_iff_minimum; assumption).
  induction t as [|t (Hmu & IH)].
  - split; [split; [intros; simpl; lra|reflexivity]|]. intros k. unfold scaled_weights, root. simpl.
    rewrite !networks.Rpower_one. field.
  - set (mu := run (flat w) order (fun _ => 1) t) in *. set (i := order t).
    assert (Hi : In i (hidden (flat w))) by apply Horder.
    destruct (balanced_has_both (flat w) i best mu Hwf Hi (Hg i Hi) Hb) as (HA & HB).
    assert (Hstep : balances (flat w) i mu (balanced_at (flat w) i mu)) by (apply plain_step; auto; apply Hmu).
    change (run (flat w) order (fun _ => 1) (S t)) with (balanced_at (flat w) i mu).
    split; [apply (balances_multipliers (flat w) i mu); auto; apply Horder|]. intros k.
    assert (Hpos : forall i, 0 < mu i) by apply Hmu.
    destruct (costs_of_scaled w mu Hpos) as (_ & Hin & Hout).
    assert (Hsame : best_multiplier (balancing order w t) i = Rpower (output_cost (flat w) mu i / input_cost (flat w) mu i) (/ (2 * p))).
    { unfold best_multiplier. rewrite <- Hin, <- Hout. unfold incoming_cost, outgoing_cost, learning.sum_where.
      f_equal. f_equal; apply finite_sums.sum_ext; intros j _; rewrite IH; reflexivity. }
    simpl balancing. fold i. unfold balance_unit. rewrite Hsame. unfold scaled_weights at 1. rewrite IH.
    unfold scaled_weights, balanced_at.
    assert (Hs : 0 < output_cost (flat w) mu i / input_cost (flat w) mu i) by (apply Rdiv_lt_0_compat; assumption).
    rewrite !(root_step mu i _ _ Hpos Hs).
    assert (Hsingle : 0 < networks.single i (Rpower (output_cost (flat w) mu i / input_cost (flat w) mu i) (/ (2 * p))) (from k)).
    { unfold networks.single. destruct (Nat.eqb (from k) i); [apply power_costs.Rpower_pos|lra]. }
    assert (Hroot : 0 < root mu (from k)) by apply power_costs.Rpower_pos.
    field. split; lra.
Qed.

Lemma root_converges : forall (mu : nat -> nat -> R) l i,
  0 < l -> Un_cv (fun t => mu t i) l -> Un_cv (fun t => root (mu t) i) (Rpower l (/ p)).
Proof.
  intros mu l i Hl H. unfold root. apply (continuity_seq (fun x => Rpower x (/ p)) (fun t => mu t i) l); [|exact H].
  apply derivable_continuous_pt. exists (/ p * Rpower l (/ p - 1)). apply derivable_pt_lim_power. exact Hl.
Qed.

(* The multipliers that may be given: positive, and 1 on the units that are not balanced. *)
Definition admissible_multipliers (L : nat -> R) : Prop := (forall i, 0 < L i) /\ forall i, ~ In i units -> L i = 1.

Lemma network_balancing_converges : forall w,
  NoDup units -> all_grounded (flat w) -> all_on_cycles (flat w) ->
  exists best : nat -> R,
    (exists L, admissible_multipliers L /\ forall k, best k = scaled_weights L w k) /\
    (forall i, In i units -> incoming_cost best i = outgoing_cost best i) /\
    (forall L, admissible_multipliers L -> total_cost best <= total_cost (scaled_weights L w)) /\
    forall order, fair units order ->
      (forall t, total_cost (balancing order w (S t)) <= total_cost (balancing order w t)) /\
      (forall k, Un_cv (fun t => balancing order w t k) (best k)) /\
      (forall t, exists L, admissible_multipliers L /\ forall k, balancing order w t k = scaled_weights L w k).
Proof.
  intros w Hnodup Hg Hcycles. destruct (flat_well_formed w Hnodup) as (Hp & Hwf).
  assert (Hat : attained (flat w)) by (apply (proj1 (existence (flat w) Hwf (plain_homogeneous _ Hp))); exact Hcycles).
  destruct (balancing_converges (flat w) Hp Hwf (fun i Hi => grounded_touched (flat w) i (Hg i Hi) Hi) Hat) as (best & Hb & Hmin & Hrun).
  assert (Hpos : forall i, 0 < best i) by apply Hb.
  destruct (costs_of_scaled w best Hpos) as (Htotal & Hin & Hout).
  exists (scaled_weights (root best) w). split; [|split; [|split]].
  - exists (root best). split; [|reflexivity]. split; [intros; apply power_costs.Rpower_pos|].
    intros i Hi. unfold root. rewrite (proj2 (proj1 Hb) i Hi). apply networks.Rpower_one.
  - intros i Hi. rewrite Hin, Hout. apply Hb. exact Hi.
  - intros L (HL & HL1). set (mu := fun i => Rpower (L i) p).
    assert (Hmu : multipliers (flat w) mu).
    { split; [intros; apply power_costs.Rpower_pos|]. intros i Hi. unfold mu. rewrite (HL1 i Hi). apply networks.Rpower_one. }
    rewrite Htotal. apply Rle_trans with (1 := proj2 Hmin mu Hmu). right.
    destruct (costs_of_scaled w mu (proj1 Hmu)) as (E & _). rewrite <- E. apply finite_sums.sum_ext. intros k _. f_equal.
    unfold scaled_weights, root, mu. rewrite !Rpower_mult, !Rinv_r, !Rpower_1 by (apply HL || lra). reflexivity.
  - intros order Hfair. assert (Hstart : multipliers (flat w) (fun _ => 1)) by (split; intros; lra).
    destruct (Hrun order (fun _ => 1) Hfair Hstart) as (_ & Hfall & _ & _ & Hconv & _).
    assert (Hflat := balancing_is_flat w order Hnodup Hg Hat (proj1 Hfair)).
    assert (Hcost : forall t, total_cost (balancing order w t) = regularizer (flat w) (run (flat w) order (fun _ => 1) t)).
    { intros t. destruct (Hflat t) as (Hmu & Heq). destruct (costs_of_scaled w _ (proj1 Hmu)) as (E & _). rewrite <- E.
      apply finite_sums.sum_ext. intros k _. rewrite Heq. reflexivity. }
    split; [|split].
    + intros t. rewrite !Hcost. apply Hfall.
    + intros k. apply (Un_cv_ext (fun t => scaled_weights (root (run (flat w) order (fun _ => 1) t)) w k)).
      { intros t. symmetry. apply Hflat. }
      unfold scaled_weights, Rdiv.
      apply (CV_mult (fun t => root (run (flat w) order (fun _ => 1) t) (to k) * w k) (fun t => / root (run (flat w) order (fun _ => 1) t) (from k))).
      * apply (CV_mult (fun t => root (run (flat w) order (fun _ => 1) t) (to k)) (fun _ => w k)).
        -- apply root_converges; auto. apply Hconv. apply all_grounded_all. exact Hg.
        -- intros e He. exists 0%nat. intros t _. unfold R_dist. rewrite Rminus_eq_0, Rabs_R0. exact He.
      * apply (continuity_seq (fun x => / x) (fun t => root (run (flat w) order (fun _ => 1) t) (from k))).
        -- apply (continuity_pt_inv id); [apply derivable_continuous_pt; apply derivable_pt_id|].
           unfold id. apply Rgt_not_eq. apply power_costs.Rpower_pos.
        -- apply root_converges; auto. apply Hconv. apply all_grounded_all. exact Hg.
    + intros t. destruct (Hflat t) as (Hmu & Heq). exists (root (run (flat w) order (fun _ => 1) t)). split; [|exact Heq].
      split; [intros; apply power_costs.Rpower_pos|]. intros i Hi. unfold root. rewrite (proj2 Hmu i Hi). apply networks.Rpower_one.
Qed.

End Network.
