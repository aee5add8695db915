(* L is self-consistent if and only if Σ L = 0 along every directed input-output path and every directed cycle.

   Corrected: If every synapse lies on a walk from a visible unit to a visible unit; see prop-5.4 for the exact condition.

   The correction is prop_5_4. Here: it fails as printed for x -> b -> y, x -> a, b -> a with L = (0, 0, 1, 2). *)

From Coq Require Import Reals Lra Lia List.
From Synbal Require Import walks.
Import ListNotations.
Open Scope R_scope.

(* x, b, a, y are 0, 1, 2, 3; x and y are visible. *)
Inductive synapse : nat -> nat -> Prop :=
  | x_b : synapse 0 1
  | b_y : synapse 1 3
  | x_a : synapse 0 2
  | b_a : synapse 1 2.

Definition visible (i : nat) : Prop := i = 0%nat \/ i = 3%nat.

Definition L (u v : nat) : R :=
  match u, v with
  | 0%nat, 2%nat => 1
  | 1%nat, 2%nat => 2
  | _, _ => 0
  end.

Lemma walks_are_short : forall a b c d l, ~ walk synapse (a :: b :: c :: d :: l).
Proof. intros a b c d l (H1 & H2 & H3 & _). inversion H1; subst; inversion H2; subst; inversion H3. Qed.

Theorem E7 : sums_vanish synapse visible L /\ ~ self_consistent synapse visible L.
Proof.
  split; [split|].
  - intros u v l _ Hv (Hw & _) (_ & m & Hm).
    destruct l as [|a [|b [|c [|d l]]]]; try reflexivity.
    + destruct Hw as (H & _). destruct m as [|e [|f m]]; inversion Hm; subst.
      * inversion H; subst; simpl; destruct Hv; lia || lra.
      * destruct m; discriminate.
    + destruct Hw as (H1 & H2 & _). destruct m as [|e [|f [|k m]]]; inversion Hm; subst.
      * inversion H1; subst; inversion H2; subst; simpl; destruct Hv; lia || lra.
      * destruct m; discriminate.
    + exfalso. exact (walks_are_short a b c d l Hw).
  - intros l (a & m & -> & Hw & _). exfalso.
    destruct m as [|b [|c [|d m]]]; simpl in Hw.
    + destruct Hw as (H & _). inversion H.
    + destruct Hw as (H1 & H2 & _). inversion H1; subst; inversion H2.
    + destruct Hw as (H1 & H2 & H3 & _). inversion H1; subst; inversion H2; subst; inversion H3.
    + exact (walks_are_short a b c d (m ++ [a]) Hw).
  - intros (x & Hzero & Hx).
    assert (H0 : x 0%nat = 0) by (apply Hzero; left; reflexivity).
    assert (H1 := Hx _ _ x_b). assert (H2 := Hx _ _ x_a). assert (H3 := Hx _ _ b_a). simpl in *. lra.
Qed.

(* The hypothesis that is missing: the synapses into a lie on no walk from x to y. *)
Theorem hypothesis_fails : ~ on_walks synapse visible.
Proof.
  intros H. destruct (H _ _ x_a) as (a & b & before & after & _ & Hb & _ & _ & Hw & _ & rest & Hrest).
  destruct after as [|c after].
  - destruct rest as [|d [|e rest]]; inversion Hrest; subst. destruct Hb; discriminate.
  - destruct Hw as (Hs & _). inversion Hs.
Qed.
