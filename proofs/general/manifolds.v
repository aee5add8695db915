(* The manifold of numbers on synapses that are differences of numbers on units: its dimension. *)

From Coq Require Import Reals Lra Lia List Classical Relations.
From Synbal Require Import finite_sums walks.
Open Scope R_scope.

(* The change of L that one unit makes: 1 on what it reads, -1 on what reads it, 0 on a self-connection. *)
Definition column (i u v : nat) : R := (if Nat.eqb v i then 1 else 0) - (if Nat.eqb u i then 1 else 0).

Lemma combination_of_columns :
  forall n x u v, (u < n)%nat -> (v < n)%nat -> sum n (fun i => x i * column i u v) = x v - x u.
Proof.
  intros n x u v Hu Hv.
  rewrite (sum_ext n _ (fun i => (if Nat.eqb v i then x i else 0) - (if Nat.eqb u i then x i else 0))).
  - rewrite sum_minus, (sum_single n (fun i => if Nat.eqb v i then x i else 0) v),
      (sum_single n (fun i => if Nat.eqb u i then x i else 0) u).
    + rewrite !Nat.eqb_refl. reflexivity.
    + exact Hu.
    + intros i _ Hi. destruct (Nat.eqb_spec u i); [congruence|reflexivity].
    + exact Hv.
    + intros i _ Hi. destruct (Nat.eqb_spec v i); [congruence|reflexivity].
  - intros i _. unfold column. destruct (Nat.eqb v i), (Nat.eqb u i); ring.
Qed.

Section Graph.

Variable n : nat.
Variable synapse : nat -> nat -> Prop.
Variable visible : nat -> Prop.
Hypothesis bounded : forall u v, synapse u v -> (u < n)%nat /\ (v < n)%nat.

(* Along synapses in whatever direction. *)
Definition connected : nat -> nat -> Prop := clos_refl_sym_trans nat synapse.

(* One root in each component without a visible unit. *)
Definition roots (root : nat -> Prop) : Prop :=
  (forall i, (i < n)%nat -> exists k, connected i k /\ (visible k \/ root k)) /\
  (forall k j, root k -> visible j -> ~ connected k j) /\
  (forall k j, root k -> root j -> connected k j -> k = j).

(* The hidden units less the roots. *)
Definition free (root : nat -> Prop) (i : nat) : Prop := ~ visible i /\ ~ root i.

Lemma constant_on_components :
  forall x : nat -> R, (forall u v, synapse u v -> x v = x u) -> forall i j, connected i j -> x i = x j.
Proof. intros x H i j Hij. induction Hij; auto; try congruence. symmetry. auto. Qed.

Lemma manifold_spanned :
  forall root L, roots root ->
    (self_consistent synapse visible L <->
     exists x, (forall i, ~ free root i -> x i = 0) /\
       forall u v, synapse u v -> L u v = sum n (fun i => x i * column i u v)).
Proof.
  intros root L (Hreach & Hvis & Hone). split.
  - intros (x & Hzero & Hx).
    (* The value at the root of each unit's component. *)
    set (P := fun i r => exists k, connected i k /\ ((visible k /\ r = 0) \/ (root k /\ r = x k))).
    destruct (finite_choice n P) as (r & Hr).
    { intros i Hi. destruct (Hreach i Hi) as (k & Hk & [Hv|Hroot]).
      - exists 0, k. tauto.
      - exists (x k), k. tauto. }
    assert (Hsame : forall i j s t, connected i j -> P i s -> P j t -> s = t).
    { intros i j s t Hij (k & Hik & Hs) (m & Hjm & Ht).
      assert (Hkm : connected k m).
      { apply rst_trans with i; [apply rst_sym; exact Hik|]. apply rst_trans with j; assumption. }
      destruct Hs as [(Hvk & ->)|(Hrk & ->)], Ht as [(Hvm & ->)|(Hrm & ->)].
      - reflexivity.
      - exfalso. apply (Hvis m k Hrm Hvk). apply rst_sym. exact Hkm.
      - exfalso. apply (Hvis k m Hrk Hvm). exact Hkm.
      - rewrite (Hone k m Hrk Hrm Hkm). reflexivity. }
    assert (Hdiff : forall i, (i < n)%nat -> ~ free root i -> x i - r i = 0).
    { intros i Hi Hfree. destruct (classic (visible i)) as [Hv|Hv].
      - rewrite (Hzero i Hv), (Hsame i i (r i) 0 (rst_refl _ _ _) (Hr i Hi)); [ring|].
        exists i. split; [apply rst_refl|tauto].
      - assert (Hroot : root i) by (apply NNPP; intros H; apply Hfree; split; assumption).
        rewrite (Hsame i i (r i) (x i) (rst_refl _ _ _) (Hr i Hi)); [ring|].
        exists i. split; [apply rst_refl|tauto]. }
    destruct (finite_choice n (fun i y => y = x i - r i)) as (y & Hy); [eauto|].
    exists (fun i => if lt_dec i n then y i else 0). split.
    + intros i Hi. destruct (lt_dec i n) as [Hin|]; [|reflexivity]. rewrite (Hy i Hin). apply Hdiff; assumption.
    + intros u v Huv. destruct (bounded u v Huv) as (Hu & Hv). rewrite combination_of_columns by assumption.
      destruct (lt_dec u n); [|lia]. destruct (lt_dec v n); [|lia].
      rewrite (Hy u Hu), (Hy v Hv), (Hx u v Huv).
      rewrite (Hsame u v (r u) (r v) (rst_step _ _ _ _ Huv) (Hr u Hu) (Hr v Hv)). ring.
  - intros (x & Hzero & Hx). exists x. split.
    + intros i Hi. apply Hzero. intros (H & _). contradiction.
    + intros u v Huv. destruct (bounded u v Huv). rewrite (Hx u v Huv). apply combination_of_columns; assumption.
Qed.

Lemma columns_independent :
  forall root x, roots root ->
    (forall i, ~ free root i -> x i = 0) ->
    (forall u v, synapse u v -> sum n (fun i => x i * column i u v) = 0) ->
    forall i, (i < n)%nat -> x i = 0.
Proof.
  intros root x (Hreach & _ & _) Hzero Hsum i Hi.
  destruct (Hreach i Hi) as (k & Hik & Hk).
  rewrite (constant_on_components x) with (j := k); [|intros u v Huv|exact Hik].
  - apply Hzero. intros (Hv & Hr). tauto.
  - destruct (bounded u v Huv) as (Hu & Hv). assert (H := Hsum u v Huv).
    rewrite combination_of_columns in H by assumption. lra.
Qed.

(* Roots exist: the first unit of each component without a visible unit. *)
Lemma roots_exist : exists root, roots root /\ forall k, root k -> (k < n)%nat.
Proof.
  exists (fun k => (k < n)%nat /\ (forall j, visible j -> ~ connected k j) /\
                   (forall j, (j < k)%nat -> ~ connected k j)).
  split; [|tauto]. split; [|split].
  - intros i. induction i as [i IH] using lt_wf_ind. intros Hi.
    destruct (classic (exists j, visible j /\ connected i j)) as [(j & Hj & Hij)|Hno].
    { exists j. tauto. }
    destruct (classic (exists j, (j < i)%nat /\ connected i j)) as [(j & Hj & Hij)|Hleast].
    + destruct (IH j Hj) as (k & Hjk & Hk); [lia|]. exists k. split; [|exact Hk].
      apply rst_trans with j; assumption.
    + exists i. split; [apply rst_refl|]. right. split; [exact Hi|]. split.
      * intros j Hj Hij. apply Hno. exists j. tauto.
      * intros j Hj Hij. apply Hleast. exists j. tauto.
  - intros k j (_ & H & _) Hj. apply H. exact Hj.
  - intros k j (_ & _ & Hk) (_ & _ & Hj) Hkj.
    destruct (Nat.lt_trichotomy k j) as [H|[H|H]]; [|exact H|].
    + exfalso. apply (Hj k H). apply rst_sym. exact Hkj.
    + exfalso. apply (Hk j H). exact Hkj.
Qed.

End Graph.
