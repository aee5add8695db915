(* Networks of units 0, ..., n-1: what they compute, and scaling.

   Sources (inputs, and the constants that biases come from) have their values from outside. Every other unit computes its activation
   of the weighted sum of what it reads. A weight of 0 is no synapse. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums activations.
Open Scope R_scope.

Record network := {
  units : nat;
  source : nat -> bool;
  weight : nat -> nat -> R;  (* weight i j: of the synapse from j to i *)
  activation : nat -> R -> R
}.

(* One synchronous step: what each unit computes of the sources' values x and the others' state. *)
Definition step (net : network) (x state : nat -> R) (i : nat) : R :=
  if source net i then x i
  else activation net i (sum (units net) (fun j => weight net i j * (if source net j then x j else state j))).

(* The state after t steps, the sources having the values x 0, x 1, ... *)
Fixpoint run (net : network) (x : nat -> nat -> R) (initial : nat -> R) (t : nat) : nat -> R :=
  match t with
  | O => initial
  | S t => step net (x t) (run net x initial t)
  end.

(* A network without cycles has a topological order. *)
Definition topological (net : network) (order : nat -> nat) : Prop :=
  (forall i, (i < units net)%nat -> (order i < units net)%nat) /\
  (forall i j, (i < units net)%nat -> (j < units net)%nat -> weight net i j <> 0 ->
     source net i = false -> source net j = false -> (order j < order i)%nat).

Definition acyclic (net : network) : Prop := exists order, topological net order.

(* What a network without cycles computes: as many steps as there are units settle it. *)
Definition forward (net : network) (x : nat -> R) : nat -> R :=
  run net (fun _ => x) (fun _ => 0) (units net).

Definition settled (net : network) (x y : nat -> R) : Prop :=
  forall i, (i < units net)%nat -> y i = step net x y i.

Lemma settled_after :
  forall net order x initial t,
    topological net order ->
    forall s i, (i < units net)%nat -> (order i < t)%nat -> (t <= s)%nat ->
      run net (fun _ => x) initial s i = run net (fun _ => x) initial t i.
Proof.
  intros net order x initial t (Hbound & Horder). induction t as [|t IH]; intros s i Hi Hit Hts; [lia|].
  destruct s as [|s]; [lia|]. simpl. unfold step.
  destruct (source net i) eqn:Hsource; [reflexivity|]. f_equal. apply sum_ext. intros j Hj.
  destruct (source net j) eqn:Hsj; [reflexivity|].
  destruct (Req_dec (weight net i j) 0) as [->|Hw]; [ring|]. f_equal.
  apply IH; [exact Hj| |lia]. specialize (Horder i j Hi Hj Hw Hsource Hsj). lia.
Qed.

Lemma forward_settled : forall net x, acyclic net -> settled net x (forward net x).
Proof.
  intros net x (order & Htop) i Hi. unfold forward.
  change (step net x (run net (fun _ => x) (fun _ => 0) (units net)) i)
    with (run net (fun _ => x) (fun _ => 0) (S (units net)) i).
  symmetry. apply settled_after with order; [exact Htop|exact Hi|apply (proj1 Htop); exact Hi|lia].
Qed.

Lemma settled_unique :
  forall net x y z, acyclic net -> settled net x y -> settled net x z ->
    forall i, (i < units net)%nat -> y i = z i.
Proof.
  intros net x y z (order & Hbound & Horder) Hy Hz.
  assert (H : forall k i, (i < units net)%nat -> (order i < k)%nat -> y i = z i).
  { induction k as [|k IH]; intros i Hi Hk; [lia|].
    rewrite (Hy i Hi), (Hz i Hi). unfold step. destruct (source net i) eqn:Hsi; [reflexivity|].
    f_equal. apply sum_ext. intros j Hj. destruct (source net j) eqn:Hsj; [reflexivity|].
    destruct (Req_dec (weight net i j) 0) as [->|Hw]; [ring|]. f_equal.
    apply IH; [exact Hj|]. specialize (Horder i j Hi Hj Hw Hsi Hsj). lia. }
  intros i Hi. apply (H (S (order i))); [exact Hi|lia].
Qed.

(* Scaling: unit i has the multiplier L i > 0 and the degree c i (1 for a BiLU). *)
Definition scaled_weight (c L : nat -> R) (w : nat -> nat -> R) (i j : nat) : R :=
  L i * w i j / Rpower (L j) (c j).

Definition scaled (c L : nat -> R) (net : network) : network := {|
  units := units net;
  source := source net;
  weight := scaled_weight c L (weight net);
  activation := activation net
|}.

(* Multipliers are positive, and 1 on units that may not be scaled: sources, outputs, units that are not homogeneous. *)
Definition admissible (net : network) (visible : nat -> Prop) (c L : nat -> R) : Prop :=
  (forall i, 0 < L i) /\
  (forall i, visible i -> L i = 1) /\
  (forall i, source net i = true -> visible i) /\
  (forall i, visible i \/ homogeneous (c i) (activation net i)).

Lemma Rpower_one : forall c, Rpower 1 c = 1.
Proof. intros c. unfold Rpower. rewrite ln_1, Rmult_0_r. apply exp_0. Qed.

Lemma step_scaled :
  forall net visible c L x state,
    admissible net visible c L ->
    forall i, step (scaled c L net) x (fun j => Rpower (L j) (c j) * state j) i =
              Rpower (L i) (c i) * step net x state i.
Proof.
  intros net visible c L x state (Hpos & Hone & Hsource & Hhom) i. unfold step. simpl.
  destruct (source net i) eqn:Hi.
  - rewrite (Hone i), Rpower_one by auto. ring.
  - replace (sum (units net) (fun j => scaled_weight c L (weight net) i j *
        (if source net j then x j else Rpower (L j) (c j) * state j)))
      with (L i * sum (units net) (fun j => weight net i j * (if source net j then x j else state j))).
    + destruct (Hhom i) as [Hv|Hh]; [|apply Hh; apply Hpos].
      rewrite (Hone i Hv), Rpower_one, !Rmult_1_l. reflexivity.
    + rewrite <- sum_scale. apply sum_ext. intros j _. unfold scaled_weight.
      destruct (source net j) eqn:Hj.
      * rewrite (Hone j), Rpower_one by auto. field.
      * assert (0 < Rpower (L j) (c j)) by apply exp_pos. field. lra.
Qed.

Lemma step_ext :
  forall net x s s' i, (forall j, (j < units net)%nat -> s j = s' j) -> step net x s i = step net x s' i.
Proof.
  intros net x s s' i H. unfold step. destruct (source net i); [reflexivity|]. f_equal. apply sum_ext.
  intros j Hj. rewrite (H j Hj). reflexivity.
Qed.

Lemma run_scaled :
  forall net visible c L x initial,
    admissible net visible c L ->
    forall t i, run (scaled c L net) x (fun j => Rpower (L j) (c j) * initial j) t i =
                Rpower (L i) (c i) * run net x initial t i.
Proof.
  intros net visible c L x initial H. induction t as [|t IH]; intros i; simpl; [reflexivity|].
  rewrite <- (step_scaled net visible c L (x t) (run net x initial t) H). apply step_ext. intros. apply IH.
Qed.

Lemma acyclic_scaled : forall net c L, acyclic net -> acyclic (scaled c L net).
Proof.
  intros net c L (order & Hbound & Horder). exists order. split; [exact Hbound|].
  simpl. intros i j Hi Hj Hw. apply Horder; [exact Hi|exact Hj|].
  intros H0. apply Hw. unfold scaled_weight. rewrite H0. unfold Rdiv. ring.
Qed.

Lemma run_initial_ext :
  forall net x initial initial' t i,
    (forall j, (j < units net)%nat -> initial j = initial' j) -> (i < units net)%nat ->
    run net x initial t i = run net x initial' t i.
Proof.
  intros net x initial initial' t i H. revert i. induction t as [|t IH]; intros i Hi; simpl; [auto|].
  apply step_ext. exact IH.
Qed.

(* Only one unit is scaled. *)
Definition single (i : nat) (l : R) (j : nat) : R := if Nat.eqb j i then l else 1.

(* BiLUs have degree 1. *)
Lemma bilu_degree_one : forall f, is_bilu f -> homogeneous 1 f.
Proof.
  intros f (a & b & Hf) l x Hl. rewrite !Hf, Rpower_1 by exact Hl. apply bilu_homogeneous. exact Hl.
Qed.

(* Only the weights between units of the network matter. *)
Lemma run_weight_ext :
  forall n s w w' a x initial t i,
    (forall i j, (i < n)%nat -> (j < n)%nat -> w i j = w' i j) -> (i < n)%nat ->
    run (Build_network n s w a) x initial t i = run (Build_network n s w' a) x initial t i.
Proof.
  intros n s w w' a x initial t i H. revert i. induction t as [|t IH]; intros i Hi; [reflexivity|].
  simpl. unfold step. simpl. destruct (s i); [reflexivity|]. f_equal. apply sum_ext. intros j Hj.
  rewrite (H i j Hi Hj), (IH j Hj). reflexivity.
Qed.

Lemma run_initial_pointwise :
  forall net x initial initial' t i,
    (forall j, initial j = initial' j) -> run net x initial t i = run net x initial' t i.
Proof.
  intros net x initial initial' t i H. revert i. induction t as [|t IH]; intros i; simpl; [auto|].
  apply step_ext. intros. apply IH.
Qed.
