(* Derivatives of sums, and of functions that are given in pieces. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums.
Open Scope R_scope.

(* Two pieces that meet at x with the same slope. *)
Lemma derivative_glued :
  forall f g h x l,
    derivable_pt_lim g x l -> derivable_pt_lim h x l ->
    (forall y, y <= x -> f y = g y) -> (forall y, x <= y -> f y = h y) ->
    derivable_pt_lim f x l.
Proof.
  intros f g h x l Hg Hh Hleft Hright e He.
  destruct (Hg e He) as (d1 & H1). destruct (Hh e He) as (d2 & H2).
  exists (mkposreal _ (Rmin_stable_in_posreal d1 d2)). simpl. intros k Hk Hlt.
  assert (Rabs k < d1) by (apply Rlt_le_trans with (1 := Hlt); apply Rmin_l).
  assert (Rabs k < d2) by (apply Rlt_le_trans with (1 := Hlt); apply Rmin_r).
  destruct (Rle_dec k 0).
  - rewrite (Hleft (x + k)), (Hleft x) by lra. apply H1; assumption.
  - rewrite (Hright (x + k)), (Hright x) by lra. apply H2; assumption.
Qed.

(* A function that agrees with another on the side of 0 on which x lies. *)
Lemma derivative_positive_side :
  forall f g x l, 0 < x -> (forall y, 0 < y -> f y = g y) -> derivable_pt_lim f x l -> derivable_pt_lim g x l.
Proof.
  intros f g x l Hx Heq H. apply derivable_pt_lim_locally_ext with f 0 (x + 1); [lra| |exact H].
  intros z Hz. apply Heq. lra.
Qed.

(* An even function has an odd derivative. *)
Lemma derivative_even :
  forall f x l, (forall y, f (- y) = f y) -> derivable_pt_lim f x l -> derivable_pt_lim f (- x) (- l).
Proof.
  intros f x l Heven H e He. destruct (H e He) as (d & Hd). exists d. intros k Hk Hlt.
  replace ((f (- x + k) - f (- x)) / k - - l) with (- ((f (x + - k) - f x) / - k - l)).
  - rewrite Rabs_Ropp. apply Hd; [lra|]. rewrite Rabs_Ropp. exact Hlt.
  - replace (- x + k) with (- (x + - k)) by ring. rewrite !Heven. field. exact Hk.
Qed.

Lemma derivative_of_sum :
  forall n (f : nat -> R -> R) (f' : nat -> R) x,
    (forall j, (j < n)%nat -> derivable_pt_lim (f j) x (f' j)) ->
    derivable_pt_lim (fun y => sum n (fun j => f j y)) x (sum n f').
Proof.
  induction n as [|n IH]; intros f f' x H; simpl.
  - apply derivable_pt_lim_const.
  - apply (derivable_pt_lim_plus (fun y => sum n (fun j => f j y)) (f n)); [apply IH; auto|auto].
Qed.
