(* W' is a scaling of W if and only if signs and zeros agree and the ratios w'/w multiply to 1 along a basis of the cycles of the
   coalesced graph; the Λ found by propagation then reproduces every weight.

   Units have degree 1. Synapse k < m goes from the unit `from k` to the unit `to k`; parallel synapses are allowed. Cycles are of
   synapses of non-zero weight, in whatever direction; one of the coalesced graph is a trail that returns to where it began, or leads from
   a visible unit to a visible unit. That a product of powers of positive ratios is 1 is said of its logarithm. *)

From Coq Require Import Reals Lra Lia Relations Classical List.
From Synbal Require Import finite_sums walks manifolds trails.
Import ListNotations.
Open Scope R_scope.

Section Network.

Variables (n m : nat) (from to : nat -> nat) (visible : nat -> Prop) (w : nat -> R).
Hypothesis bounded : forall k, (k < m)%nat -> (from k < n)%nat /\ (to k < n)%nat.

Definition scaling_of (w' : nat -> R) : Prop :=
  exists L : nat -> R,
    (forall i, 0 < L i) /\ (forall i, visible i -> L i = 1) /\
    forall k, (k < m)%nat -> w' k = L (to k) * w k / L (from k).

Definition signs_and_zeros_agree (w' : nat -> R) : Prop :=
  forall k, (k < m)%nat -> (w k = 0 -> w' k = 0) /\ (w k <> 0 -> 0 < w' k / w k).

Local Notation log_product := (log_product m w).
Local Notation products_are_one := (products_are_one m from to visible w).

Lemma scaling_iff : forall w', (forall i, visible i -> (i < n)%nat) ->
  (scaling_of w' <-> signs_and_zeros_agree w' /\ products_are_one w').
Proof.
  intros w' Hvisible. split.
  - intros (L & Hpos & Hone & HL).
    assert (Hratio : forall k, (k < m)%nat -> w k <> 0 -> w' k / w k = L (to k) / L (from k)).
    { intros k Hk Hw. rewrite (HL k Hk). assert (H := Hpos (from k)). field. split; lra. }
    split.
    + intros k Hk. split.
      * intros Hw. rewrite (HL k Hk), Hw. unfold Rdiv. ring.
      * intros Hw. rewrite (Hratio k Hk Hw). apply Rdiv_lt_0_compat; apply Hpos.
    + intros c (u & v & Htrail & Hends).
      rewrite (trail_potential m from to w w' (fun i => ln (L i))) with (u := u) (v := v); [|intros k Hk Hw|exact Htrail].
      * destruct Hends as [->|(Hu & Hv)]; [ring|]. rewrite (Hone u Hu), (Hone v Hv). ring.
      * rewrite (Hratio k Hk Hw). unfold Rdiv.
        rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; apply Hpos). ring.
  - intros (Hsigns & Hproducts). destruct (propagation n m from to visible w bounded w' Hproducts) as (x & Hzero & Hx).
    exists (fun i => exp (x i)). split; [intros; apply exp_pos|]. split.
    + intros i Hi. rewrite (Hzero i (Hvisible i Hi) Hi). apply exp_0.
    + intros k Hk. destruct (Hsigns k Hk) as (H0 & Hp). destruct (Req_dec (w k) 0) as [Hw|Hw].
      * rewrite (H0 Hw), Hw. unfold Rdiv. ring.
      * assert (Hratio : w' k / w k = exp (x (to k)) / exp (x (from k))).
        { rewrite <- (exp_ln (w' k / w k)) by (apply Hp; exact Hw). rewrite (Hx k Hk Hw).
          unfold Rminus, Rdiv. rewrite exp_plus, exp_Ropp. reflexivity. }
        replace (w' k) with (w' k / w k * w k) by (field; exact Hw). rewrite Hratio. unfold Rdiv. ring.
Qed.

(* A combination of cycles of a family. *)
Fixpoint combined (a : list R) (family : list (nat -> R)) (k : nat) : R :=
  match a, family with
  | x :: a, c :: family => x * c k + combined a family k
  | _, _ => 0
  end.

Lemma spanned_products : forall w' family,
  (forall c, In c family -> log_product w' c = 0) -> forall a, log_product w' (combined a family) = 0.
Proof.
  intros w' family. induction family as [|c family IH]; intros H [|x a];
    try (apply log_product_zero; reflexivity).
  unfold trails.log_product. simpl.
  rewrite (sum_ext m _ (fun k => x * (c k * ln (w' k / w k)) + combined a family k * ln (w' k / w k))) by (intros; ring).
  rewrite sum_plus, sum_scale. fold (log_product w' c). fold (log_product w' (combined a family)).
  rewrite (H c (or_introl eq_refl)), IH; [ring|]. intros d Hd. apply H. right. exact Hd.
Qed.

End Network.

(* The family is one of cycles, of which every cycle is a linear combination; a basis is one. *)
Theorem foreign_scaling :
  forall (n m : nat) (from to : nat -> nat) (visible : nat -> Prop) (w w' : nat -> R) (family : list (nat -> R)),
    (forall k, (k < m)%nat -> (from k < n)%nat /\ (to k < n)%nat) -> (forall i, visible i -> (i < n)%nat) ->
    (forall c, In c family -> coalesced_cycle m from to visible w c) ->
    (forall c, coalesced_cycle m from to visible w c -> exists a, forall k, (k < m)%nat -> c k = combined a family k) ->
    (scaling_of m from to visible w w' <->
     signs_and_zeros_agree m w w' /\ forall c, In c family -> log_product m w w' c = 0).
Proof.
  intros n m from to visible w w' family Hbounded Hvisible Hfamily Hspan.
  rewrite (scaling_iff n m from to visible w Hbounded w' Hvisible). split; intros (Hsigns & H); (split; [exact Hsigns|]).
  - intros c Hc. apply H. apply Hfamily. exact Hc.
  - intros c Hc. destruct (Hspan c Hc) as (a & Ha).
    unfold log_product. rewrite (sum_ext m _ (fun k => combined a family k * ln (w' k / w k))).
    + apply (spanned_products m w w' family H a).
    + intros k Hk. rewrite (Ha k Hk). reflexivity.
Qed.

(* If the products are 1, multipliers that propagate them reproduce every weight: any multipliers, 1 on visible units, whose quotients
   are the ratios of the synapses of non-zero weight, and such exist. *)
Theorem propagated_multipliers_reproduce_every_weight :
  forall (n m : nat) (from to : nat -> nat) (visible : nat -> Prop) (w w' : nat -> R),
    (forall k, (k < m)%nat -> (from k < n)%nat /\ (to k < n)%nat) -> (forall i, visible i -> (i < n)%nat) ->
    signs_and_zeros_agree m w w' -> products_are_one m from to visible w w' ->
    (exists L : nat -> R, (forall i, 0 < L i) /\ (forall i, visible i -> L i = 1) /\
       forall k, (k < m)%nat -> w k <> 0 -> w' k / w k = L (to k) / L (from k)) /\
    forall L : nat -> R, (forall i, 0 < L i) ->
      (forall k, (k < m)%nat -> w k <> 0 -> w' k / w k = L (to k) / L (from k)) ->
      forall k, (k < m)%nat -> w' k = L (to k) * w k / L (from k).
Proof.
  intros n m from to visible w w' Hbounded Hvisible Hsigns Hproducts. split.
  - destruct (proj2 (scaling_iff n m from to visible w Hbounded w' Hvisible) (conj Hsigns Hproducts)) as (L & Hpos & Hone & HL).
    exists L. split; [exact Hpos|]. split; [exact Hone|]. intros k Hk Hw. rewrite (HL k Hk). assert (H := Hpos (from k)).
    field. split; lra.
  - intros L Hpos HL k Hk. destruct (Req_dec (w k) 0) as [Hw|Hw].
    + rewrite (proj1 (Hsigns k Hk) Hw), Hw. unfold Rdiv. ring.
    + replace (w' k) with (w' k / w k * w k) by (field; exact Hw). rewrite (HL k Hk Hw). unfold Rdiv. ring.
Qed.
