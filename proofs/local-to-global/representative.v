(* W and W' are scalings of each other if and only if they have the same balanced weights W*. R is the same at W and at W* exactly if W is
   balanced.

   Under L_p, for BiLUs `units` of any finite network; synapse k goes from `from k` to `to k`. W* is a scaling of W that no scaling of W betters:
   it is one network, of signed weights. Its existence is existence.v. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require finite_sums power_costs learning networks.
From Synbal Require Import balancing_problem minima thm_5_1 network_balancing.
Import ListNotations.
Open Scope R_scope.

Section Network.

Variables (m : nat) (from to : nat -> nat) (units : list nat) (p : R).
Hypothesis p_pos : 0 < p.
Hypothesis units_once : NoDup units.

Local Notation scaled := (learning.scaled_weights from to).
Local Notation admissible := (admissible_multipliers units).
Local Notation whole := (network_balancing.total_cost m p).
Local Notation flat := (flat m from to units p).

Definition scaling_of (w w' : nat -> R) : Prop := exists L, admissible L /\ forall k, (k < m)%nat -> w' k = scaled L w k.

Definition represents (w best : nat -> R) : Prop := scaling_of w best /\ forall w', scaling_of w w' -> whole best <= whole w'.

Definition in_balance (w : nat -> R) : Prop :=
  forall i, In i units -> incoming_cost m from to p w i = outgoing_cost m from to p w i.

Lemma whole_ext : forall w w', (forall k, (k < m)%nat -> w k = w' k) -> whole w = whole w'.
Proof. intros w w' H. apply finite_sums.sum_ext. intros k Hk. rewrite H by exact Hk. reflexivity. Qed.

Lemma scaling_refl : forall w, scaling_of w w.
Proof. intros w. exists (fun _ => 1). split; [split; [intros; lra|reflexivity]|]. intros k _. unfold learning.scaled_weights. field. Qed.

Lemma scaling_sym : forall w w', scaling_of w w' -> scaling_of w' w.
Proof.
  intros w w' (L & (Hpos & Hone) & H). exists (fun i => / L i). split.
  - split; [intros i; apply Rinv_0_lt_compat, Hpos|]. intros i Hi. rewrite (Hone i Hi). apply Rinv_1.
  - intros k Hk. unfold learning.scaled_weights at 1. rewrite (H k Hk). unfold learning.scaled_weights.
    assert (P := Hpos (to k)). assert (Q := Hpos (from k)). field. split; lra.
Qed.

Lemma scaling_trans : forall w w' w'', scaling_of w w' -> scaling_of w' w'' -> scaling_of w w''.
Proof.
  intros w w' w'' (L & (Hpos & Hone) & H) (L' & (Hpos' & Hone') & H'). exists (fun i => L' i * L i). split.
  - split; [intros i; apply Rmult_lt_0_compat; auto|]. intros i Hi. rewrite (Hone i Hi), (Hone' i Hi). ring.
  - intros k Hk. rewrite (H' k Hk). unfold learning.scaled_weights. rewrite (H k Hk). unfold learning.scaled_weights.
    assert (P := Hpos (from k)). assert (Q := Hpos' (from k)). field. split; lra.
Qed.

(* Multipliers of weights and of costs. *)
Lemma cost_multipliers : forall L w, admissible L ->
  exists mu, multipliers (flat w) mu /\ forall k, scaled (root p mu) w k = scaled L w k.
Proof.
  intros L w (Hpos & Hone). exists (fun i => Rpower (L i) p). split.
  - split; [intros; apply power_costs.Rpower_pos|]. intros i Hi. rewrite (Hone i Hi). apply networks.Rpower_one.
  - intros k. unfold learning.scaled_weights, root. rewrite !Rpower_mult, !Rinv_r, !Rpower_1 by (apply Hpos || lra). reflexivity.
Qed.

Lemma admissible_root : forall w mu, multipliers (flat w) mu -> admissible (root p mu).
Proof.
  intros w mu (Hpos & Hone). split; [intros; apply power_costs.Rpower_pos|]. intros i Hi. unfold root. rewrite (Hone i Hi). apply networks.Rpower_one.
Qed.

Lemma least_is_minimum : forall w mu, multipliers (flat w) mu ->
  (forall w', scaling_of w w' -> whole (scaled (root p mu) w) <= whole w') -> minimum (flat w) mu.
Proof.
  intros w mu Hmu H. split; [exact Hmu|]. intros nu Hnu.
  destruct (costs_of_scaled m from to units p p_pos w mu (proj1 Hmu)) as (<- & _).
  destruct (costs_of_scaled m from to units p p_pos w nu (proj1 Hnu)) as (<- & _).
  apply H. exists (root p nu). split; [apply (admissible_root w nu Hnu)|reflexivity].
Qed.

Lemma same_size : forall v v', 0 < v * v' \/ (v = 0 /\ v' = 0) -> power_costs.cost p v = power_costs.cost p v' -> v = v'.
Proof.
  intros v v' [Hs|(-> & ->)] H; [|reflexivity].
  assert (Hv : v <> 0) by (intros ->; lra). assert (Hv' : v' <> 0) by (intros ->; lra).
  unfold power_costs.cost in H. destruct (Req_EM_T v 0); [contradiction|]. destruct (Req_EM_T v' 0); [contradiction|].
  unfold Rpower in H. apply exp_inv in H. apply Rmult_eq_reg_l in H; [|lra].
  apply ln_inv in H; try (apply Rabs_pos_lt; assumption).
  unfold Rabs in H. destruct (Rcase_abs v), (Rcase_abs v'); try lra; exfalso; nra.
Qed.

Lemma representative_unique : forall w b b', represents w b -> represents w b' -> forall k, (k < m)%nat -> b k = b' k.
Proof.
  intros w b b' (Hb & Hleast) (Hb' & Hleast') k Hk.
  destruct Hb as (L & HL & EL). destruct Hb' as (L' & HL' & EL').
  destruct (cost_multipliers L w HL) as (mu & Hmu & Emu). destruct (cost_multipliers L' w HL') as (nu & Hnu & Enu).
  destruct (flat_well_formed m from to units p w units_once) as (_ & Hwf).
  assert (Hm : minimum (flat w) mu).
  { apply least_is_minimum; [exact Hmu|]. intros w' Hw'. rewrite (whole_ext _ b); [apply Hleast; exact Hw'|]. intros j Hj. rewrite Emu, EL by exact Hj. reflexivity. }
  assert (Hn : minimum (flat w) nu).
  { apply least_is_minimum; [exact Hnu|]. intros w' Hw'. rewrite (whole_ext _ b'); [apply Hleast'; exact Hw'|]. intros j Hj. rewrite Enu, EL' by exact Hj. reflexivity. }
  apply balanced_iff_minimum in Hm, Hn; auto.
  destruct (balanced_weights_are_unique (flat w) mu nu Hwf Hm Hn) as (Hcost & _).
  rewrite (EL k Hk), (EL' k Hk), <- Emu, <- Enu. apply same_size.
  - unfold learning.scaled_weights, root. assert (P1 := power_costs.Rpower_pos (mu (to k)) (/ p)). assert (P2 := power_costs.Rpower_pos (mu (from k)) (/ p)).
    assert (P3 := power_costs.Rpower_pos (nu (to k)) (/ p)). assert (P4 := power_costs.Rpower_pos (nu (from k)) (/ p)).
    destruct (Req_dec (w k) 0) as [->|Hne]; [right; split; unfold Rdiv; ring|left].
    set (a := Rpower (mu (to k)) (/ p)) in *. set (c := Rpower (mu (from k)) (/ p)) in *. set (d := Rpower (nu (to k)) (/ p)) in *. set (e := Rpower (nu (from k)) (/ p)) in *.
    replace (a * w k / c * (d * w k / e)) with (a * d / (c * e) * (w k * w k)) by (field; lra).
    apply Rmult_lt_0_compat; [apply Rdiv_lt_0_compat; apply Rmult_lt_0_compat; assumption|]. assert (H := Rsqr_pos_lt _ Hne). exact H.
  - rewrite !(cost_of_scaled from to p p_pos) by (apply Hmu || apply Hnu). apply Hcost. simpl.
    apply (in_map (fun k => Term (from k) (to k) (power_costs.cost p (w k)) 1 1)). apply in_seq. lia.
Qed.

Lemma representative_of_scaling : forall w w' b, scaling_of w w' -> represents w b -> represents w' b.
Proof.
  intros w w' b H (Hb & Hleast). split.
  - apply scaling_trans with w; [apply scaling_sym; exact H|exact Hb].
  - intros v Hv. apply Hleast. apply scaling_trans with w'; assumption.
Qed.

Lemma in_balance_iff : forall w, in_balance w <-> forall w', scaling_of w w' -> whole w <= whole w'.
Proof.
  intros w. destruct (flat_well_formed m from to units p w units_once) as (_ & Hwf).
  assert (Hone : multipliers (flat w) (fun _ => 1)) by (split; intros; lra).
  assert (Hsame : forall k, scaled (root p (fun _ => 1)) w k = w k).
  { intros k. unfold learning.scaled_weights, root. rewrite networks.Rpower_one. field. }
  destruct (costs_of_scaled m from to units p p_pos w (fun _ => 1) (proj1 Hone)) as (Et & Ei & Eo).
  assert (Ein : forall i, incoming_cost m from to p w i = input_cost (flat w) (fun _ => 1) i).
  { intros i. rewrite <- Ei. apply finite_sums.sum_ext. intros k _. rewrite Hsame. reflexivity. }
  assert (Eout : forall i, outgoing_cost m from to p w i = output_cost (flat w) (fun _ => 1) i).
  { intros i. rewrite <- Eo. apply finite_sums.sum_ext. intros k _. rewrite Hsame. reflexivity. }
  split.
  - intros H w' (L & HL & E). destruct (cost_multipliers L w HL) as (mu & Hmu & Emu).
    assert (Hmin : minimum (flat w) (fun _ => 1)).
    { apply balanced_iff_minimum; [exact Hwf|]. split; [exact Hone|]. intros i Hi. rewrite <- Ein, <- Eout. apply H. exact Hi. }
    rewrite (whole_ext w (scaled (root p (fun _ => 1)) w)) by (intros; symmetry; apply Hsame). rewrite Et.
    apply Rle_trans with (1 := proj2 Hmin mu Hmu). right.
    destruct (costs_of_scaled m from to units p p_pos w mu (proj1 Hmu)) as (<- & _).
    apply whole_ext. intros k Hk. rewrite Emu, E by exact Hk. reflexivity.
  - intros H i Hi. rewrite Ein, Eout.
    assert (Hmin : minimum (flat w) (fun _ => 1)).
    { apply least_is_minimum; [exact Hone|]. intros w' Hw'. rewrite (whole_ext _ w) by (intros; apply Hsame). apply H. exact Hw'. }
    apply balanced_iff_minimum in Hmin; [|exact Hwf]. apply Hmin. exact Hi.
Qed.

End Network.

Theorem representative : forall m from to units p, 0 < p -> NoDup units ->
  let scaling := scaling_of m from to units in
  let star := represents m from to units p in
  forall w w' b b', star w b -> star w' b' ->
    (scaling w w' <-> forall k, (k < m)%nat -> b k = b' k) /\
    (network_balancing.total_cost m p w = network_balancing.total_cost m p b <-> in_balance m from to units p w).
Proof.
  intros m from to units p Hp Hn scaling star w w' b b' Hb Hb'. split; [split|].
  - intros H. apply (representative_unique m from to units p Hp Hn w').
    + apply (representative_of_scaling m from to units p w w' b H Hb).
    + exact Hb'.
  - intros H. apply scaling_trans with b; [apply Hb|]. apply scaling_trans with b'; [|apply scaling_sym; apply Hb'].
    exists (fun _ => 1). split; [split; [intros; lra|reflexivity]|]. intros k Hk. unfold learning.scaled_weights. rewrite (H k Hk). field.
  - rewrite (in_balance_iff m from to units p Hp Hn w). destruct Hb as (Hs & Hleast). split.
    + intros E v Hv. rewrite E. apply Hleast. exact Hv.
    + intros H. apply Rle_antisym; [apply H; exact Hs|]. apply Hleast. apply scaling_refl.
Qed.
