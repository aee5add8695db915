(* Between any two points there is one that is balanced up to the bounds: the supremum of the points of the box that no unit
   above its lower bound wants to lower. *)

From Coq Require Import Reals List Arith Lra Lia Classical.
From Synbal Require Import balancing_problem convexity.
Import ListNotations.
Open Scope R_scope.

(** Continuity along curves *)

Lemma continuous_sum : forall (l : list term) (f : R -> term -> R),
  (forall e, In e l -> continuity (fun t => f t e)) -> continuity (fun t => sum_over l (f t)).
Proof.
  induction l as [|e l IH]; intros f H; simpl.
  - apply continuity_const. intros a b. reflexivity.
  - apply (continuity_plus (fun t => f t e) (fun t => sum_over l (f t))); auto with datatypes.
Qed.

Lemma continuous_term : forall (X : R -> nat -> R) e,
  (forall k, continuity (fun t => X t k)) -> continuity (fun t => term_at (X t) e).
Proof.
  intros X e H. unfold term_at.
  apply (continuity_scal (fun t => exp (slope (X t) e))).
  apply (continuity_comp (fun t => slope (X t) e) exp); [|apply derivable_continuous; apply derivable_exp].
  unfold slope.
  apply (continuity_minus (fun t => target_exponent e * X t (target e)) (fun t => source_exponent e * X t (source e)));
    [apply (continuity_scal (fun t => X t (target e)))|apply (continuity_scal (fun t => X t (source e)))]; apply H.
Qed.

Lemma continuous_excess : forall P (X : R -> nat -> R) i,
  (forall k, continuity (fun t => X t k)) -> continuity (fun t => input P (X t) i - output P (X t) i).
Proof.
  intros P X i H.
  apply (continuity_minus (fun t => input P (X t) i) (fun t => output P (X t) i));
    apply continuous_sum; intros e _;
    [destruct (enters i e)|destruct (leaves i e)];
    try (apply continuity_const; intros a b; reflexivity);
    apply (continuity_scal (fun t => term_at (X t) e)); apply continuous_term; exact H.
Qed.

(* A continuous function keeps its sign nearby. *)
Lemma stays_positive : forall f t, continuity f -> 0 < f t ->
  exists d, 0 < d /\ forall s, Rabs (s - t) < d -> 0 < f s.
Proof.
  intros f t Hc Hp. destruct (Hc t (f t) Hp) as (d & Hd & H). exists d. split; [exact Hd|].
  intros s Hs. destruct (Req_dec t s) as [<-|Hne]; [exact Hp|].
  assert (Rabs (f s - f t) < f t) as Ha.
  { apply (H s). split; [split; [exact I|exact Hne]|exact Hs]. }
  apply Rabs_def2 in Ha. lra.
Qed.

Lemma continuous_moved : forall x i k, continuity (fun t => moved x i t k).
Proof.
  intros x i k. unfold moved. destruct (k =? i)%nat.
  - apply derivable_continuous, derivable_id.
  - apply continuity_const. intros a b. reflexivity.
Qed.

(** The supremum of the points that no unit wants to lower *)

Definition within (low high x : nat -> R) : Prop := forall i, low i <= x i <= high i.

Definition box (P : problem) (low high : nat -> R) : Prop :=
  potential P low /\ potential P high /\ forall i, low i <= high i.

(* Balanced, or at a bound that it would pass. *)
Definition balanced_within (P : problem) (low high x : nat -> R) : Prop :=
  within low high x /\
  forall i, In i (hidden P) ->
    (low i < x i -> input P x i <= output P x i) /\ (x i < high i -> output P x i <= input P x i).

Lemma within_potential : forall P low high x, box P low high -> within low high x -> potential P x.
Proof.
  intros P low high x (Hl & Hh & _) H i Hi. specialize (H i). rewrite Hl, Hh in H by exact Hi. lra.
Qed.

Section Supremum.

Variables (P : problem) (low high : nat -> R).
Hypothesis Hwf : well_formed P.
Hypothesis Hbox : box P low high.

Definition candidate (x : nat -> R) : Prop :=
  within low high x /\ forall i, In i (hidden P) -> low i < x i -> input P x i <= output P x i.

Lemma low_candidate : candidate low.
Proof.
  split; [|intros i _ H; lra]. intros i. destruct Hbox as (_ & _ & H). specialize (H i). lra.
Qed.

Definition value_of (i : nat) (v : R) : Prop := exists x, candidate x /\ x i = v.

Lemma value_of_bound : forall i, bound (value_of i).
Proof. intros i. exists (high i). intros v (x & (Hw & _) & <-). apply Hw. Qed.

Lemma value_of_some : forall i, exists v, value_of i v.
Proof. intros i. exists (low i), low. split; [exact low_candidate|reflexivity]. Qed.

Definition supremum (i : nat) : R := proj1_sig (completeness (value_of i) (value_of_bound i) (value_of_some i)).

Lemma supremum_lub : forall i, is_lub (value_of i) (supremum i).
Proof. intros i. exact (proj2_sig (completeness _ (value_of_bound i) (value_of_some i))). Qed.

Lemma below_supremum : forall x, candidate x -> forall i, x i <= supremum i.
Proof. intros x H i. apply (proj1 (supremum_lub i)). exists x. auto. Qed.

Lemma supremum_within : within low high supremum.
Proof.
  intros i. split; [apply below_supremum; exact low_candidate|].
  apply (proj2 (supremum_lub i)). intros v (x & (Hw & _) & <-). apply Hw.
Qed.

Lemma near_supremum : forall i v, v < supremum i -> exists x, candidate x /\ v < x i.
Proof.
  intros i v H. apply NNPP. intros Hno. apply (Rlt_not_le _ _ H).
  apply (proj2 (supremum_lub i)). intros w (x & Hc & <-).
  destruct (Rle_or_lt (x i) v) as [|Hlt]; [assumption|]. exfalso. apply Hno. exists x. auto.
Qed.

Lemma supremum_candidate : candidate supremum.
Proof.
  split; [exact supremum_within|]. intros i Hi Hlow.
  destruct (Rle_or_lt (input P supremum i) (output P supremum i)) as [|Hgt]; [assumption|]. exfalso.
  destruct (stays_positive (fun t => input P (moved supremum i t) i - output P (moved supremum i t) i) (supremum i))
    as (d & Hd & Hnear).
  - apply continuous_excess. intros k. apply continuous_moved.
  - assert (forall k, moved supremum i (supremum i) k = supremum k) as Hm.
    { intros k. unfold moved. destruct (Nat.eqb_spec k i) as [->|]; reflexivity. }
    rewrite (input_ext P _ supremum), (output_ext P _ supremum) by exact Hm. lra.
  - destruct (near_supremum i (Rmax (supremum i - d) (low i))) as (x & Hc & Hx).
    { apply Rmax_lub_lt; lra. }
    assert (Hle := below_supremum x Hc i).
    assert (H1 := Rmax_l (supremum i - d) (low i)). assert (H2 := Rmax_r (supremum i - d) (low i)).
    assert (0 < input P (moved supremum i (x i)) i - output P (moved supremum i (x i)) i) as Hpos.
    { apply Hnear. apply Rabs_def1; lra. }
    assert (input P x i <= output P x i) by (apply Hc; [exact Hi|lra]).
    assert (forall j, j <> i -> x j <= moved supremum i (x i) j) as Ho.
    { intros j Hj. rewrite moved_other by exact Hj. apply below_supremum. exact Hc. }
    assert (input P (moved supremum i (x i)) i <= input P x i).
    { apply input_le; [exact Hwf|rewrite moved_same; lra|exact Ho]. }
    assert (output P x i <= output P (moved supremum i (x i)) i).
    { apply output_le; [exact Hwf|rewrite moved_same; lra|exact Ho]. }
    lra.
Qed.

Lemma supremum_balanced : balanced_within P low high supremum.
Proof.
  split; [exact supremum_within|]. intros i Hi. split; [apply supremum_candidate; exact Hi|].
  intros Hhigh.
  destruct (Rle_or_lt (output P supremum i) (input P supremum i)) as [|Hgt]; [assumption|]. exfalso.
  destruct (stays_positive (fun t => - (input P (moved supremum i t) i - output P (moved supremum i t) i)) (supremum i))
    as (d & Hd & Hnear).
  - apply (continuity_opp (fun t => input P (moved supremum i t) i - output P (moved supremum i t) i)).
    apply continuous_excess. intros k. apply continuous_moved.
  - assert (forall k, moved supremum i (supremum i) k = supremum k) as Hm.
    { intros k. unfold moved. destruct (Nat.eqb_spec k i) as [->|]; reflexivity. }
    rewrite (input_ext P _ supremum), (output_ext P _ supremum) by exact Hm. lra.
  - pose (v := supremum i + Rmin (d / 2) (high i - supremum i)).
    assert (0 < Rmin (d / 2) (high i - supremum i)) by (apply Rmin_pos; lra).
    assert (H1 := Rmin_l (d / 2) (high i - supremum i)). assert (H2 := Rmin_r (d / 2) (high i - supremum i)).
    assert (candidate (moved supremum i v)) as Hc.
    { split.
      - intros j. assert (Hw := supremum_within j). destruct (Nat.eq_dec j i) as [->|Hj].
        + rewrite moved_same. unfold v. lra.
        + rewrite moved_other by exact Hj. exact Hw.
      - intros j Hj Hlow. destruct (Nat.eq_dec j i) as [->|Hne].
        + assert (0 < - (input P (moved supremum i v) i - output P (moved supremum i v) i)); [|lra].
          apply Hnear. unfold v. apply Rabs_def1; lra.
        + rewrite moved_other in Hlow by exact Hne.
          assert (input P supremum j <= output P supremum j) by (apply supremum_candidate; assumption).
          assert (forall k, k <> j -> supremum k <= moved supremum i v k) as Ho.
          { intros k _. unfold moved. destruct (Nat.eqb_spec k i) as [->|]; [unfold v; lra|lra]. }
          assert (input P (moved supremum i v) j <= input P supremum j).
          { apply input_le; [exact Hwf|rewrite moved_other by exact Hne; lra|exact Ho]. }
          assert (output P supremum j <= output P (moved supremum i v) j).
          { apply output_le; [exact Hwf|rewrite moved_other by exact Hne; lra|exact Ho]. }
          lra. }
    assert (Hle := below_supremum _ Hc i). rewrite moved_same in Hle. unfold v in Hle. lra.
Qed.

End Supremum.

Lemma balanced_within_exists : forall P low high,
  well_formed P -> box P low high -> exists x, balanced_within P low high x.
Proof.
  intros P low high Hwf Hb. exists (supremum P low high Hb). apply supremum_balanced; assumption.
Qed.

Lemma balanced_within_minimum : forall P low high x y,
  well_formed P -> box P low high -> balanced_within P low high x -> within low high y ->
  total P x <= total P y /\
  (total P y <= total P x -> forall e, In e (terms P) -> 0 < cost e -> slope y e = slope x e).
Proof.
  intros P low high x y Hwf Hb [Hx Hbal] Hy.
  apply minimum_log; try (apply (within_potential P low high)); auto.
  intros i Hi. destruct (Hbal i Hi) as [Hl Hh]. specialize (Hx i). specialize (Hy i).
  destruct (Rlt_or_le (low i) (x i)) as [H1|H1], (Rlt_or_le (x i) (high i)) as [H2|H2].
  - specialize (Hl H1). specialize (Hh H2). replace (input P x i) with (output P x i) by lra. lra.
  - specialize (Hl H1). assert (y i <= x i) by lra. nra.
  - specialize (Hh H2). assert (x i <= y i) by lra. nra.
  - replace (y i) with (x i) by lra. lra.
Qed.

(* The two sign tests at the ends make the point balanced without any bounds. *)
Lemma between_tests_stationary : forall P low high x,
  well_formed P -> box P low high -> balanced_within P low high x ->
  (forall i, In i (hidden P) -> input P low i <= output P low i) ->
  (forall i, In i (hidden P) -> output P high i <= input P high i) ->
  stationary P x.
Proof.
  intros P low high x Hwf Hb [Hx Hbal] Hl Hh.
  split; [apply (within_potential P low high); assumption|].
  intros i Hi. destruct (Hbal i Hi) as [H1 H2]. specialize (Hl i Hi). specialize (Hh i Hi).
  assert (Hxi := Hx i). apply Rle_antisym.
  - destruct (Rlt_or_le (low i) (x i)) as [Hlt|Hle]; [auto|].
    assert (input P x i <= input P low i) by (apply input_le; [exact Hwf|lra|intros j _; apply Hx]).
    assert (output P low i <= output P x i) by (apply output_le; [exact Hwf|lra|intros j _; apply Hx]).
    lra.
  - destruct (Rlt_or_le (x i) (high i)) as [Hlt|Hle]; [auto|].
    assert (input P high i <= input P x i) by (apply input_le; [exact Hwf|lra|intros j _; apply Hx]).
    assert (output P x i <= output P high i) by (apply output_le; [exact Hwf|lra|intros j _; apply Hx]).
    lra.
Qed.
