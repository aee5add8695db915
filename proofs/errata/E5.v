(* The constraints Σ L = 0 along a set of input-output paths that covers every unit determine the manifold.

   Corrected: A basis of |E| - |hidden| directed cycles of the coalesced graph does, if every synapse lies on one and every hidden
   unit is connected to a visible one.

   E5: it fails as printed for the network 1-2-2-1, fully connected, in which all four paths are needed. directed_basis_decides is the
   correction, for any finite network, parallel synapses included; spanning_family_decides, in words of paths: if every synapse lies on
   a walk between visible units, any family of paths and cycles of which all paths between visible units and all cycles are linear
   combinations determines the manifold. *)

From Coq Require Import Reals Lra Lia List.
From Synbal Require manifolds cycle_bases manifold_dimension finite_sums.
From Synbal Require Import walks.
Import ListNotations.
Open Scope R_scope.

(* Input 0, hidden layers 1, 2 and 3, 4, output 5. *)
Inductive synapse : nat -> nat -> Prop :=
  | s01 : synapse 0 1
  | s02 : synapse 0 2
  | s13 : synapse 1 3
  | s14 : synapse 1 4
  | s23 : synapse 2 3
  | s24 : synapse 2 4
  | s35 : synapse 3 5
  | s45 : synapse 4 5.

Definition visible (i : nat) : Prop := i = 0%nat \/ i = 5%nat.

Definition paths : list (list nat) := [[0; 1; 3; 5]; [0; 1; 4; 5]; [0; 2; 3; 5]; [0; 2; 4; 5]]%nat.

(* 1 on one synapse. *)
Definition only (a b u v : nat) : R := if (Nat.eqb u a && Nat.eqb v b)%bool then 1 else 0.

Lemma four_paths_decide :
  forall L, self_consistent synapse visible L <-> forall l, In l paths -> along L l = 0.
Proof.
  intros L. split.
  - intros H l Hl. destruct (self_consistent_sums_vanish _ _ _ H) as (Hpaths & _).
    apply (Hpaths 0%nat 5%nat).
    + left. reflexivity.
    + right. reflexivity.
    + destruct Hl as [<-|[<-|[<-|[<-|[]]]]]; (split; [simpl; repeat split; constructor|]);
        repeat constructor; simpl; intuition discriminate.
    + destruct Hl as [<-|[<-|[<-|[<-|[]]]]]; (split; [reflexivity|]).
      * exists [0; 1; 3]%nat. reflexivity.
      * exists [0; 1; 4]%nat. reflexivity.
      * exists [0; 2; 3]%nat. reflexivity.
      * exists [0; 2; 4]%nat. reflexivity.
  - intros H.
    assert (P1 := H [0; 1; 3; 5]%nat). assert (P2 := H [0; 1; 4; 5]%nat).
    assert (P3 := H [0; 2; 3; 5]%nat). assert (P4 := H [0; 2; 4; 5]%nat). simpl in *.
    specialize (P1 ltac:(tauto)). specialize (P2 ltac:(tauto)). specialize (P3 ltac:(tauto)). specialize (P4 ltac:(tauto)).
    exists (fun i => match i with
      | 1%nat => L 0%nat 1%nat | 2%nat => L 0%nat 2%nat
      | 3%nat => - L 3%nat 5%nat | 4%nat => - L 4%nat 5%nat | _ => 0 end).
    split.
    + intros i [->| ->]; reflexivity.
    + intros u v Huv. inversion Huv; subst; lra.
Qed.

Theorem E5 :
  (* Both pairs of paths that cover all units fail. *)
  (exists L, along L [0; 1; 3; 5]%nat = 0 /\ along L [0; 2; 4; 5]%nat = 0 /\ ~ self_consistent synapse visible L) /\
  (exists L, along L [0; 1; 4; 5]%nat = 0 /\ along L [0; 2; 3; 5]%nat = 0 /\ ~ self_consistent synapse visible L) /\
  (* All four paths decide, and none of them can be left out. *)
  (forall L, self_consistent synapse visible L <-> forall l, In l paths -> along L l = 0) /\
  (forall p, In p paths ->
     exists L, (forall l, In l paths -> l <> p -> along L l = 0) /\ ~ self_consistent synapse visible L).
Proof.
  split; [|split; [|split]].
  - exists (only 1 4). repeat split; try (unfold only; simpl; lra).
    rewrite four_paths_decide. intros H. specialize (H [0; 1; 4; 5]%nat ltac:(simpl; tauto)). unfold only in H. simpl in H. lra.
  - exists (only 1 3). repeat split; try (unfold only; simpl; lra).
    rewrite four_paths_decide. intros H. specialize (H [0; 1; 3; 5]%nat ltac:(simpl; tauto)). unfold only in H. simpl in H. lra.
  - apply four_paths_decide.
  - assert (Hfail : forall a b p, In p paths -> along (only a b) p = 1 ->
      (forall l, In l paths -> l <> p -> along (only a b) l = 0) ->
      exists L, (forall l, In l paths -> l <> p -> along L l = 0) /\ ~ self_consistent synapse visible L).
    { intros a b p Hp Hone Hother. exists (only a b). split; [exact Hother|].
      rewrite four_paths_decide. intros H. specialize (H p Hp). lra. }
    intros p Hp. destruct Hp as [<-|[<-|[<-|[<-|[]]]]];
      [apply (Hfail 1%nat 3%nat)|apply (Hfail 1%nat 4%nat)|apply (Hfail 2%nat 3%nat)|apply (Hfail 2%nat 4%nat)];
      try (simpl; tauto); try (unfold only; simpl; lra);
      intros l [<-|[<-|[<-|[<-|[]]]]] Hne; try congruence; unfold only; simpl; lra.
Qed.

(* The sum of coefficients times the sums along a family. *)
Fixpoint combination (L : nat -> nat -> R) (c : list R) (family : list (list nat)) : R :=
  match c, family with
  | a :: c, l :: family => a * along L l + combination L c family
  | _, _ => 0
  end.

Theorem spanning_family_decides :
  forall (n : nat) (synapse : nat -> nat -> Prop) (visible : nat -> Prop) (family : list (list nat)),
    (forall u v, synapse u v -> (u < n)%nat /\ (v < n)%nat) -> (forall i, visible i -> (i < n)%nat) ->
    on_walks synapse visible ->
    (forall l, In l family -> cycle synapse l \/ exists u v, visible u /\ visible v /\ path synapse l /\ from_to u v l) ->
    (forall l, (cycle synapse l \/ exists u v, visible u /\ visible v /\ path synapse l /\ from_to u v l) ->
       exists c, forall L, along L l = combination L c family) ->
    forall L, self_consistent synapse visible L <-> forall l, In l family -> along L l = 0.
Proof.
  intros n syn vis family Hbound Hvisible Hon Hfamily Hspan L. split.
  - intros H l Hl. destruct (self_consistent_sums_vanish _ _ _ H) as (Hpaths & Hcycles).
    destruct (Hfamily l Hl) as [Hc|(u & v & Hu & Hv & Hp & Hft)]; [auto|]. apply (Hpaths u v l); assumption.
  - intros H.
    assert (Hzero : forall c, combination L c family = 0).
    { clear - H. induction family as [|l family IH]; intros [|a c]; simpl; try reflexivity.
      rewrite (H l) by (left; reflexivity). rewrite IH; [ring|]. intros k Hk. apply H. right. exact Hk. }
    apply sums_vanish_self_consistent with n; try assumption. split.
    + intros u v l Hu Hv Hp Hft. destruct (Hspan l) as (c & Hc); [right; exists u, v; tauto|]. rewrite Hc. apply Hzero.
    + intros l Hl. destruct (Hspan l) as (c & Hc); [left; exact Hl|]. rewrite Hc. apply Hzero.
Qed.

(* m synapses, h hidden units, each connected to a visible one, and every synapse on a directed cycle of the coalesced graph: there are
   m - h directed cycles that decide, and none of them is a combination of the others. A cycle is given by how often it passes each
   synapse. *)
Theorem directed_basis_decides :
  forall (n m h : nat) (from to : nat -> nat) (visible : nat -> Prop) (hid : nat -> nat),
    (forall k, (k < m)%nat -> (from k < n)%nat /\ (to k < n)%nat) -> (forall i, visible i -> (i < n)%nat) ->
    (forall i, (i < n)%nat -> exists k, manifolds.connected (cycle_bases.synapse m from to) i k /\ visible k) ->
    (forall j, (j < h)%nat -> (hid j < n)%nat /\ ~ visible (hid j)) ->
    (forall i, (i < n)%nat -> ~ visible i -> exists j, (j < h)%nat /\ hid j = i) ->
    (forall i j, (i < h)%nat -> (j < h)%nat -> hid i = hid j -> i = j) ->
    cycle_bases.all_on_directed_cycles m from to visible ->
    exists r (cycles : nat -> nat -> R), (r + h = m)%nat /\
      (forall i, (i < r)%nat -> cycle_bases.directed_cycle m from to visible (cycles i)) /\
      (forall a : nat -> R, (forall k, (k < m)%nat -> finite_sums.sum r (fun i => a i * cycles i k) = 0) -> forall i, (i < r)%nat -> a i = 0) /\
      forall L : nat -> R,
        (exists x : nat -> R, (forall i, visible i -> x i = 0) /\ forall k, (k < m)%nat -> L k = x (to k) - x (from k)) <->
        forall i, (i < r)%nat -> finite_sums.sum m (fun k => cycles i k * L k) = 0.
Proof.
  intros n m h from to vis hid Hb Hv Hc H1 H2 H3 Hall.
  destruct (manifold_dimension.basis_of_directed_cycles n m h from to vis (fun _ => False) hid Hb Hv) as (r & F & (Hr & Hind & Hdec) & Hcyc).
  - apply manifold_dimension.multipliers_determined; [|exact Hc]. intros u v (k & Hk & <- & <-). auto.
  - unfold manifold_dimension.lists_free, manifolds.free. split; [|split]; [| |exact H3].
    + intros j Hj. destruct (H1 j Hj). tauto.
    + intros i Hi (Hh & _). auto.
  - exact Hall.
  - exists r, F. auto.
Qed.
