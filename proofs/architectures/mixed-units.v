(* In a network that mixes activations, scaling and balancing the homogeneous hidden units leaves the function as it is; the other
   units are fixed at multiplier 1.

   Balancing is scaling by particular multipliers. *)

From Coq Require Import Reals Lra Lia Classical.
From Synbal Require Import activations networks scaling_invariance.
Open Scope R_scope.

(* Multipliers of BiLU hidden units, 1 on all other units, whatever their activation. *)
Theorem mixed_units :
  forall net (output : nat -> bool) (L : nat -> R),
    (forall i, 0 < L i) ->
    (forall i, source net i = true \/ output i = true \/ ~ is_bilu (activation net i) -> L i = 1) ->
    let after := scaled (fun _ => 1) L net in
    (forall i j, weight after i j = L i * weight net i j / L j) /\
    (forall x initial t i, output i = true ->
       run after x (fun j => L j * initial j) t i = run net x initial t i) /\
    (acyclic net -> forall x i, (i < units net)%nat -> output i = true -> forward after x i = forward net x i).
Proof.
  intros net output L Hpos Hone after.
  assert (Hok : admissible net (fun i => L i = 1) (fun _ => 1) L).
  { repeat split; auto.
    intros i. destruct (Req_dec (L i) 1) as [H|H]; [left; exact H|right]. apply bilu_degree_one.
    destruct (classic (is_bilu (activation net i))) as [Hb|Hb]; [exact Hb|]. exfalso. apply H. apply Hone. tauto. }
  destruct (scaling_invariance net _ _ _ Hok) as (_ & Hrun & Hforward).
  split; [|split].
  - intros i j. unfold after. simpl. unfold scaled_weight. rewrite Rpower_1 by apply Hpos. reflexivity.
  - intros x initial t i Hi. rewrite <- (Hrun x initial t i) by (apply Hone; tauto).
    unfold after. apply run_initial_pointwise. intros j. rewrite Rpower_1 by apply Hpos. reflexivity.
  - intros Hnet x i Hi Ho. destruct (Hforward Hnet) as (_ & H). apply (H x i Hi). apply Hone. tauto.
Qed.
