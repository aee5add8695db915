(* Trails of synapses of non-zero weight, in whatever direction, and products of ratios along them. Synapse k < m goes from the unit `from k` to
   the unit `to k`; parallel synapses are allowed. *)

From Coq Require Import Reals Lra Lia Relations Classical List.
From Synbal Require Import finite_sums walks manifolds.
Open Scope R_scope.

Section Network.

Variables (n m : nat) (from to : nat -> nat) (visible : nat -> Prop) (w : nat -> R).
Hypothesis bounded : forall k, (k < m)%nat -> (from k < n)%nat /\ (to k < n)%nat.

(* A trail from u to v; c k is how often it passes synapse k forwards less how often backwards. *)
Inductive trail : nat -> nat -> (nat -> R) -> Prop :=
  | stay : forall u c, (forall k, c k = 0) -> trail u u c
  | forwards : forall u v c c' k, trail u v c -> (k < m)%nat -> w k <> 0 -> from k = v ->
      (forall j, c' j = c j + (if Nat.eqb j k then 1 else 0)) -> trail u (to k) c'
  | backwards : forall u v c c' k, trail u v c -> (k < m)%nat -> w k <> 0 -> to k = v ->
      (forall j, c' j = c j - (if Nat.eqb j k then 1 else 0)) -> trail u (from k) c'.

(* A cycle of the coalesced graph. *)
Definition coalesced_cycle (c : nat -> R) : Prop :=
  exists u v, trail u v c /\ (u = v \/ (visible u /\ visible v)).

(* The logarithm of the product of the ratios along it. *)
Definition log_product (w' c : nat -> R) : R := sum m (fun k => c k * ln (w' k / w k)).

Definition products_are_one (w' : nat -> R) : Prop := forall c, coalesced_cycle c -> log_product w' c = 0.

Lemma log_product_step : forall w' c c' k e,
  (k < m)%nat -> (forall j, c' j = c j + e * (if Nat.eqb j k then 1 else 0)) ->
  log_product w' c' = log_product w' c + e * ln (w' k / w k).
Proof.
  intros w' c c' k e Hk H. unfold log_product.
  rewrite (sum_ext m _ (fun j => c j * ln (w' j / w j) + (if Nat.eqb j k then e * ln (w' j / w j) else 0))).
  - rewrite sum_plus, (sum_single m (fun j => if Nat.eqb j k then e * ln (w' j / w j) else 0) k).
    + rewrite Nat.eqb_refl. reflexivity.
    + exact Hk.
    + intros j _ Hne. destruct (Nat.eqb_spec j k); [contradiction|reflexivity].
  - intros j _. rewrite H. destruct (Nat.eqb j k); ring.
Qed.

Lemma log_product_zero : forall w' c, (forall k, c k = 0) -> log_product w' c = 0.
Proof. intros w' c H. apply sum_zero. intros k _. rewrite H. ring. Qed.

Lemma trail_potential : forall w' (x : nat -> R),
  (forall k, (k < m)%nat -> w k <> 0 -> ln (w' k / w k) = x (to k) - x (from k)) ->
  forall u v c, trail u v c -> log_product w' c = x v - x u.
Proof.
  intros w' x Hx u v c H. induction H as [u c Hc|u v c c' k H IH Hk Hw Hf Hc|u v c c' k H IH Hk Hw Ht Hc].
  - rewrite log_product_zero by exact Hc. ring.
  - rewrite (log_product_step w' c c' k 1 Hk) by (intros; rewrite Hc; ring). rewrite IH, (Hx k Hk Hw), Hf. ring.
  - rewrite (log_product_step w' c c' k (-1) Hk) by (intros; rewrite Hc; ring). rewrite IH, (Hx k Hk Hw), Ht. ring.
Qed.

Lemma trail_join : forall u v x c d,
  trail u v c -> trail v x d -> exists e, trail u x e /\ forall k, e k = c k + d k.
Proof.
  intros u v x c d Hc Hd. revert c Hc. induction Hd as [v d Hd|v y d d' k H IH Hk Hw Hf Hd|v y d d' k H IH Hk Hw Ht Hd]; intros c Hc.
  - exists c. split; [exact Hc|]. intros k. rewrite Hd. ring.
  - destruct (IH c Hc) as (e & He & Hsum). exists (fun j => e j + (if Nat.eqb j k then 1 else 0)). split.
    + apply forwards with y e; auto.
    + intros j. rewrite Hsum, Hd. ring.
  - destruct (IH c Hc) as (e & He & Hsum). exists (fun j => e j - (if Nat.eqb j k then 1 else 0)). split.
    + apply backwards with y e; auto.
    + intros j. rewrite Hsum, Hd. ring.
Qed.

Lemma trail_back : forall u v c, trail u v c -> exists d, trail v u d /\ forall k, d k = - c k.
Proof.
  intros u v c H. induction H as [u c Hc|u v c c' k H IH Hk Hw Hf Hc|u v c c' k H IH Hk Hw Ht Hc].
  - exists c. split; [apply stay; exact Hc|]. intros k. rewrite Hc. ring.
  - destruct IH as (d & Hd & Hneg).
    assert (Hone : trail (to k) v (fun j => 0 - (if Nat.eqb j k then 1 else 0))).
    { rewrite <- Hf. apply backwards with (to k) (fun _ => 0); auto. apply stay. reflexivity. }
    destruct (trail_join _ _ _ _ _ Hone Hd) as (e & He & Hsum). exists e. split; [exact He|].
    intros j. rewrite Hsum, Hneg, Hc. ring.
  - destruct IH as (d & Hd & Hneg).
    assert (Hone : trail (from k) v (fun j => 0 + (if Nat.eqb j k then 1 else 0))).
    { rewrite <- Ht. apply forwards with (from k) (fun _ => 0); auto. apply stay. reflexivity. }
    destruct (trail_join _ _ _ _ _ Hone Hd) as (e & He & Hsum). exists e. split; [exact He|].
    intros j. rewrite Hsum, Hneg, Hc. ring.
Qed.

(* Connected by synapses of non-zero weight. *)
Definition nonzero_synapse (u v : nat) : Prop := exists k, (k < m)%nat /\ w k <> 0 /\ from k = u /\ to k = v.

Lemma connected_trail : forall u v, connected nonzero_synapse u v -> exists c, trail u v c.
Proof.
  intros u v H. induction H as [u v (k & Hk & Hw & <- & <-)|u|u v H IH|u v x H1 IH1 H2 IH2].
  - exists (fun j => 0 + (if Nat.eqb j k then 1 else 0)). apply forwards with (from k) (fun _ => 0); auto. apply stay. reflexivity.
  - exists (fun _ => 0). apply stay. reflexivity.
  - destruct IH as (c & Hc). destruct (trail_back _ _ _ Hc) as (d & Hd & _). exists d. exact Hd.
  - destruct IH1 as (c & Hc). destruct IH2 as (d & Hd). destruct (trail_join _ _ _ _ _ Hc Hd) as (e & He & _). exists e. exact He.
Qed.

Lemma trail_connected : forall u v c, trail u v c -> connected nonzero_synapse u v.
Proof.
  intros u v c H. induction H as [u c Hc|u v c c' k H IH Hk Hw Hf Hc|u v c c' k H IH Hk Hw Ht Hc].
  - apply rst_refl.
  - apply rst_trans with v; [exact IH|]. apply rst_step. exists k. auto.
  - apply rst_trans with v; [exact IH|]. apply rst_sym. apply rst_step. exists k. auto.
Qed.

(* Propagation: the logarithm of the multiplier of a unit is the sum along any trail to it from a visible unit or from the root of its
   component. *)
Lemma propagation : forall w', products_are_one w' ->
  exists x : nat -> R, (forall i, (i < n)%nat -> visible i -> x i = 0) /\
    forall k, (k < m)%nat -> w k <> 0 -> ln (w' k / w k) = x (to k) - x (from k).
Proof.
  intros w' Hone.
  assert (Hb : forall u v, nonzero_synapse u v -> (u < n)%nat /\ (v < n)%nat) by (intros u v (k & Hk & _ & <- & <-); auto).
  destruct (roots_exist n nonzero_synapse visible) as (root & (Hreach & Hapart & Hsingle) & _).
  set (P := fun i r => exists u c, (visible u \/ root u) /\ trail u i c /\ log_product w' c = r).
  assert (Hsame : forall i r s, P i r -> P i s -> r = s).
  { intros i r s (u & c & Hu & Hc & <-) (v & d & Hv & Hd & <-).
    destruct (trail_back _ _ _ Hd) as (d' & Hd' & Hneg). destruct (trail_join _ _ _ _ _ Hc Hd') as (e & He & Hsum).
    assert (Hzero : log_product w' e = 0).
    { apply Hone. exists u, v. split; [exact He|]. assert (Huv := trail_connected _ _ _ He).
      destruct Hu as [Hu|Hu], Hv as [Hv|Hv].
      - right. tauto.
      - exfalso. apply (Hapart v u Hv Hu). apply rst_sym. exact Huv.
      - exfalso. apply (Hapart u v Hu Hv Huv).
      - left. apply Hsingle; assumption. }
    assert (Hdiff : log_product w' e = log_product w' c - log_product w' d).
    { unfold log_product. rewrite <- sum_minus. apply sum_ext. intros k _. rewrite Hsum, Hneg. ring. }
    lra. }
  destruct (finite_choice n P) as (x & Hx).
  { intros i Hi. destruct (Hreach i Hi) as (u & Hiu & Hu).
    destruct (connected_trail u i (rst_sym _ _ _ _ Hiu)) as (c & Hc). exists (log_product w' c), u, c. split; [tauto|]. split; [exact Hc|reflexivity]. }
  exists x. split.
  - intros i Hi Hv. apply (Hsame i); [auto|]. exists i, (fun _ => 0).
    split; [tauto|]. split; [apply stay; reflexivity|apply log_product_zero; reflexivity].
  - intros k Hk Hw. destruct (bounded k Hk) as (Hf & Ht). destruct (Hx (from k) Hf) as (u & c & Hu & Hc & Hr).
    assert (Hto : P (to k) (x (from k) + ln (w' k / w k))).
    { exists u, (fun j => c j + (if Nat.eqb j k then 1 else 0)). split; [exact Hu|]. split.
      - apply forwards with (from k) c; auto.
      - rewrite (log_product_step w' c _ k 1 Hk) by (intros; ring). rewrite Hr. ring. }
    rewrite (Hsame (to k) _ _ (Hx (to k) Ht) Hto). ring.
Qed.

End Network.
