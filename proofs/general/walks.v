(* Directed graphs: walks, paths, cycles, sums along them, and when numbers on synapses come from numbers on units. *)

From Coq Require Import Reals Lra Lia List Classical.
Import ListNotations.
Open Scope R_scope.

Section Graph.

(* `synapse u v`: there is one from u to v. `L u v` belongs to it. *)
Variable synapse : nat -> nat -> Prop.
Variable visible : nat -> Prop.
Variable L : nat -> nat -> R.

(* A walk is the list of the units that it passes. *)
Fixpoint walk (l : list nat) : Prop :=
  match l with
  | u :: ((v :: _) as rest) => synapse u v /\ walk rest
  | _ => True
  end.

Fixpoint along (l : list nat) : R :=
  match l with
  | u :: ((v :: _) as rest) => L u v + along rest
  | _ => 0
  end.

(* From u to v. *)
Definition from_to (u v : nat) (l : list nat) : Prop := hd_error l = Some u /\ exists m, l = m ++ [v].

(* Paths visit no unit twice; cycles only that at which they begin and end. *)
Definition path (l : list nat) : Prop := walk l /\ NoDup l.
Definition cycle (l : list nat) : Prop := exists a m, l = a :: m ++ [a] /\ walk l /\ NoDup (a :: m).

(* Numbers on synapses that are differences of numbers on units, these being 0 on visible units. *)
Definition self_consistent : Prop :=
  exists x : nat -> R, (forall i, visible i -> x i = 0) /\ (forall u v, synapse u v -> L u v = x v - x u).

Lemma walk_split : forall a l m, walk (l ++ a :: m) <-> walk (l ++ [a]) /\ walk (a :: m).
Proof.
  intros a l m. induction l as [|u [|v l] IH]; simpl in *; [tauto|tauto|]. rewrite IH. tauto.
Qed.

Lemma along_split : forall a l m, along (l ++ a :: m) = along (l ++ [a]) + along (a :: m).
Proof.
  intros a l m. induction l as [|u [|v l] IH]; simpl in *; [lra|lra|]. rewrite IH. lra.
Qed.

Lemma walk_glue : forall l m a, walk (l ++ [a]) -> walk (a :: m) -> walk (l ++ a :: m).
Proof. intros. apply walk_split. tauto. Qed.

Lemma along_potential :
  forall x, (forall u v, synapse u v -> L u v = x v - x u) ->
    forall l u v, walk l -> from_to u v l -> along l = x v - x u.
Proof.
  intros x Hx l. induction l as [|a [|b l] IH]; intros u v Hw (Hu & m & Hm).
  - discriminate.
  - simpl in Hu. injection Hu as ->. destruct m as [|c [|d m]]; try discriminate.
    injection Hm as ->. simpl. lra.
  - simpl in Hu. injection Hu as ->. destruct Hw as (Hs & Hw).
    destruct m as [|c m]; [discriminate|]. injection Hm as -> Hm.
    change (L c b + along (b :: l) = x v - x c).
    rewrite (IH b v Hw).
    + rewrite (Hx c b Hs). lra.
    + split; [reflexivity|]. exists m. exact Hm.
Qed.

(* A list either has no repetition or goes around a loop without one. *)
Lemma repetition :
  forall l : list nat, NoDup l \/ exists l1 a l2 l3, l = l1 ++ a :: l2 ++ a :: l3 /\ NoDup (a :: l2).
Proof.
  induction l as [|b l IH]; [left; constructor|].
  destruct IH as [H|(l1 & a & l2 & l3 & -> & H)].
  - destruct (in_dec Nat.eq_dec b l) as [Hin|Hout]; [|left; constructor; assumption].
    right. apply in_split in Hin. destruct Hin as (l2 & l3 & ->).
    (* The part before the repetition, and that the unit is not in it. *)
    exists [], b, l2, l3. split; [reflexivity|].
    assert (Hmid := NoDup_remove_2 _ _ _ H). apply NoDup_remove_1 in H.
    constructor.
    + intros Hb. apply Hmid. apply in_or_app. left. exact Hb.
    + clear Hmid. induction l2 as [|c l2 IH]; [constructor|]. simpl in H. inversion H; subst. constructor.
      * intros Hc. apply H2. apply in_or_app. left. exact Hc.
      * apply IH. exact H3.
  - right. exists (b :: l1), a, l2, l3. split; [reflexivity|exact H].
Qed.

(* Cutting cycles of sum 0 out of a walk leaves a path with the same ends and sum. *)
Lemma path_of_walk :
  (forall l, cycle l -> along l = 0) ->
  forall u v l, walk l -> from_to u v l -> exists m, path m /\ from_to u v m /\ along m = along l.
Proof.
  intros Hcycles u v l. remember (length l) as k eqn:Hk. revert l Hk.
  induction k as [k IH] using lt_wf_ind. intros l -> Hw Hft.
  destruct (repetition l) as [Hn|(l1 & a & l2 & l3 & -> & Hn)].
  - exists l. split; [split; assumption|]. split; [exact Hft|reflexivity].
  - apply walk_split in Hw. destruct Hw as (Hw1 & Hw2).
    assert (Hloop : walk (a :: l2 ++ [a]) /\ walk (a :: l3)).
    { apply (walk_split a (a :: l2) l3). exact Hw2. }
    destruct Hloop as (Hloop & Hw3).
    assert (Hzero : along (a :: l2 ++ [a]) = 0).
    { apply Hcycles. exists a, l2. repeat split; assumption. }
    destruct (IH (length (l1 ++ a :: l3))) with (l := l1 ++ a :: l3) as (m & Hm & Hmft & Hsum).
    + rewrite !app_length. simpl. rewrite app_length. simpl. lia.
    + reflexivity.
    + apply walk_glue; assumption.
    + destruct Hft as (Hu & r & Hr). split.
      * destruct l1 as [|b l1]; exact Hu.
      * destruct (exists_last (l := a :: l3)) as (q & z & Hq); [discriminate|].
        assert (Hz : z = v).
        { assert (Hlast : (l1 ++ a :: l2 ++ q) ++ [z] = r ++ [v]).
          { rewrite <- Hr, <- !app_assoc. simpl. rewrite <- app_assoc, <- Hq. reflexivity. }
          apply app_inj_tail in Hlast. apply Hlast. }
        exists (l1 ++ q). rewrite Hq, app_assoc, Hz. reflexivity.
    + exists m. split; [exact Hm|]. split; [exact Hmft|]. rewrite Hsum, (along_split a l1 l3), (along_split a l1 (l2 ++ a :: l3)).
      assert (Hsplit := along_split a (a :: l2) l3). simpl app in Hsplit. rewrite Hsplit, Hzero. lra.
Qed.

(* What the proposition asks of L. *)
Definition sums_vanish : Prop :=
  (forall u v l, visible u -> visible v -> path l -> from_to u v l -> along l = 0) /\
  (forall l, cycle l -> along l = 0).

Lemma walks_vanish :
  sums_vanish -> forall u v l, visible u -> visible v -> walk l -> from_to u v l -> along l = 0.
Proof.
  intros (Hpaths & Hcycles) u v l Hu Hv Hw Hft.
  destruct (path_of_walk Hcycles u v l Hw Hft) as (m & Hm & Hmft & <-). apply (Hpaths u v m); assumption.
Qed.

Lemma self_consistent_sums_vanish : self_consistent -> sums_vanish.
Proof.
  intros (x & Hvisible & Hx). split.
  - intros u v l Hu Hv (Hw & _) Hft. rewrite (along_potential x Hx l u v Hw Hft), (Hvisible u Hu), (Hvisible v Hv). ring.
  - intros l (a & m & -> & Hw & _). rewrite (along_potential x Hx _ a a Hw).
    + ring.
    + split; [reflexivity|]. exists (a :: m). reflexivity.
Qed.

(* Finitely many units: a value for each. *)
Lemma finite_choice :
  forall n (P : nat -> R -> Prop), (forall i, (i < n)%nat -> exists r, P i r) -> exists x, forall i, (i < n)%nat -> P i (x i).
Proof.
  intros n P. induction n as [|n IH]; intros H; [exists (fun _ => 0); intros; lia|].
  destruct IH as (x & Hx); [intros; apply H; lia|]. destruct (H n) as (r & Hr); [lia|].
  exists (fun i => if Nat.eqb i n then r else x i). intros i Hi.
  destruct (Nat.eqb_spec i n) as [->|Hne]; [exact Hr|apply Hx; lia].
Qed.

(* Every synapse lies on a walk between visible units. *)
Definition on_walks : Prop :=
  forall u v, synapse u v ->
    exists a b before after, visible a /\ visible b /\
      walk (before ++ [u]) /\ hd_error (before ++ [u]) = Some a /\
      walk (v :: after) /\ from_to v b (v :: after).

(* What visible units are worth along walks is then the same along all of them. *)
Lemma sums_vanish_self_consistent :
  forall n,
    (forall u v, synapse u v -> (u < n)%nat /\ (v < n)%nat) -> (forall i, visible i -> (i < n)%nat) ->
    on_walks -> sums_vanish -> self_consistent.
Proof.
  intros n Hbound Hvisible Hon Hsums.
  set (reached := fun i s => exists a l, visible a /\ walk l /\ from_to a i l /\ along l = s).
  destruct (finite_choice n (fun i r => forall s, reached i s -> reached i r)) as (x & Hx).
  { intros i _. destruct (classic (exists s, reached i s)) as [(s & Hs)|Hnone].
    - exists s. intros _ _. exact Hs.
    - exists 0. intros s Hs. exfalso. apply Hnone. exists s. exact Hs. }
  exists (fun i => if lt_dec i n then x i else 0). split.
  - intros i Hi. destruct (lt_dec i n) as [Hin|]; [|reflexivity].
    destruct (Hx i Hin 0) as (a & l & Ha & Hw & Hft & Hsum).
    { exists i, [i]. simpl. repeat split; try assumption. exists []. reflexivity. }
    rewrite <- Hsum. apply (walks_vanish Hsums a i l); assumption.
  - intros u v Huv. destruct (Hbound u v Huv) as (Hu & Hv).
    destruct (lt_dec u n); [|lia]. destruct (lt_dec v n); [|lia].
    destruct (Hon u v Huv) as (a & b & before & after & Ha & Hb & Hw1 & Hhd & Hw2 & Hft2).
    destruct (Hx u Hu (along (before ++ [u]))) as (a1 & l1 & Ha1 & Hl1 & (Hhd1 & m1 & ->) & Hs1).
    { exists a, (before ++ [u]). repeat split; try assumption. exists before. reflexivity. }
    destruct (Hx v Hv (along ((before ++ [u]) ++ [v]))) as (a2 & l2 & Ha2 & Hl2 & (Hhd2 & m2 & ->) & Hs2).
    { exists a, ((before ++ [u]) ++ [v]). repeat split; try assumption.
      - rewrite <- app_assoc. apply walk_glue; [exact Hw1|]. simpl. tauto.
      - destruct before; exact Hhd.
      - exists (before ++ [u]). reflexivity. }
    (* Both walks continue to b. *)
    destruct Hft2 as (_ & rest & Hrest).
    assert (T1 : along (m1 ++ u :: v :: after) = 0).
    { apply (walks_vanish Hsums a1 b); try assumption.
      - apply walk_glue; [exact Hl1|]. simpl. split; [exact Huv|exact Hw2].
      - split; [destruct m1; exact Hhd1|]. exists (m1 ++ u :: rest). rewrite <- app_assoc. simpl. rewrite <- Hrest. reflexivity. }
    assert (T2 : along (m2 ++ v :: after) = 0).
    { apply (walks_vanish Hsums a2 b); try assumption.
      - apply walk_glue; assumption.
      - split; [destruct m2; exact Hhd2|]. exists (m2 ++ rest). rewrite <- app_assoc, <- Hrest. reflexivity. }
    rewrite (along_split u m1 (v :: after)) in T1. rewrite (along_split v m2 after) in T2. change (along (u :: v :: after)) with (L u v + along (v :: after)) in T1.
    rewrite Hs1 in T1. rewrite Hs2 in T2. lra.
Qed.

End Graph.
