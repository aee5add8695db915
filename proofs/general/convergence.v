(* Every fair order converges: the upper limits of the potentials are a point that no unit wants to lower, the lower limits one
   that no unit wants to raise, so by comparison both are the balanced point. *)

From Coq Require Import Reals List Arith Lra Lia Classical.
From Synbal Require Import balancing_problem convexity box_solution coercive.
Import ListNotations.
Open Scope R_scope.

(* Each unit of the list is visited again and again. *)
Definition fair (units : list nat) (order : nat -> nat) : Prop :=
  (forall t, In (order t) units) /\
  forall i, In i units -> forall N, exists t, (N <= t)%nat /\ order t = i.

(* One step at unit i: as far as the bounds allow it. *)
Definition step_within (P : problem) (low high : nat -> R) (i : nat) (x x' : nat -> R) : Prop :=
  (forall k, k <> i -> x' k = x k) /\ low i <= x' i <= high i /\
  (low i < x' i -> input P x' i <= output P x' i) /\ (x' i < high i -> output P x' i <= input P x' i).

Lemma eventually_all : forall (units : list nat) (Q : nat -> nat -> Prop),
  (forall i, In i units -> exists N, forall t, (N <= t)%nat -> Q i t) ->
  exists N, forall t, (N <= t)%nat -> forall i, In i units -> Q i t.
Proof.
  induction units as [|i units IH]; intros Q H.
  - exists O. intros t _ i [].
  - destruct (H i) as (N & HN); [auto with datatypes|].
    destruct (IH Q) as (M & HM); [auto with datatypes|].
    exists (max N M). intros t Ht j [<-|Hj]; [apply HN; lia|apply HM; [lia|exact Hj]].
Qed.

Section Limits.

Variables (P : problem) (low high best : nat -> R) (order : nat -> nat) (X : nat -> nat -> R).
Hypothesis Hwf : well_formed P.
Hypothesis Hg : all_grounded P.
Hypothesis Hbox : box P low high.
Hypothesis Hbest : balanced_within P low high best.
Hypothesis Hfair : fair (hidden P) order.
Hypothesis Hstart : within low high (X O).
Hypothesis Hstep : forall t, step_within P low high (order t) (X t) (X (S t)).

Lemma path_within : forall t, within low high (X t).
Proof.
  induction t as [|t IH]; [exact Hstart|]. intros i. destruct (Hstep t) as (Hk & Hi & _).
  destruct (Nat.eq_dec i (order t)) as [->|Hne]; [exact Hi|]. rewrite Hk by exact Hne. apply IH.
Qed.

(* What the unit reaches again and again. *)
Definition recurs (i : nat) (v : R) : Prop := forall N, exists t, (N <= t)%nat /\ v <= X t i.

Lemma recurs_bound : forall i, bound (recurs i).
Proof.
  intros i. exists (high i). intros v H. destruct (H O) as (t & _ & Hv).
  assert (Hw := path_within t i). lra.
Qed.

Lemma recurs_some : forall i, exists v, recurs i v.
Proof. intros i. exists (low i). intros N. exists N. split; [lia|apply path_within]. Qed.

Definition upper_limit (i : nat) : R := proj1_sig (completeness (recurs i) (recurs_bound i) (recurs_some i)).

Lemma upper_limit_lub : forall i, is_lub (recurs i) (upper_limit i).
Proof. intros i. exact (proj2_sig (completeness _ (recurs_bound i) (recurs_some i))). Qed.

Lemma upper_limit_within : within low high upper_limit.
Proof.
  intros i. destruct (upper_limit_lub i) as [Hub Hleast]. split.
  - apply Hub. intros N. exists N. split; [lia|apply path_within].
  - apply Hleast. intros v H. destruct (H O) as (t & _ & Hv). assert (Hw := path_within t i). lra.
Qed.

Lemma eventually_below : forall e, 0 < e -> exists N, forall t, (N <= t)%nat -> forall i, X t i <= upper_limit i + e.
Proof.
  intros e He. destruct (eventually_all (hidden P) (fun i t => X t i <= upper_limit i + e)) as (N & HN).
  - intros i _. apply NNPP. intros Hno.
    assert (recurs i (upper_limit i + e)) as Hr.
    { intros N. apply NNPP. intros Hno'. apply Hno. exists N. intros t Ht.
      destruct (Rle_or_lt (X t i) (upper_limit i + e)) as [|Hlt]; [assumption|]. exfalso. apply Hno'.
      exists t. split; [exact Ht|lra]. }
    apply (proj1 (upper_limit_lub i)) in Hr. lra.
  - exists N. intros t Ht i. destruct (in_dec Nat.eq_dec i (hidden P)) as [Hi|Hi]; [auto|].
    assert (H1 := within_potential P low high _ Hbox (path_within t) i Hi).
    assert (H2 := within_potential P low high _ Hbox upper_limit_within i Hi). lra.
Qed.

Lemma visited_high : forall i e, In i (hidden P) -> 0 < e ->
  forall N, exists t, (N <= t)%nat /\ order t = i /\ upper_limit i - e < X (S t) i.
Proof.
  intros i e Hi He N. apply NNPP. intros Hno.
  destruct Hfair as [_ Hvisit]. destruct (Hvisit i Hi N) as (s & Hs & Es).
  assert (forall t, (S s <= t)%nat -> X t i <= upper_limit i - e) as Hall.
  { intros t Ht. induction Ht as [|t Ht IH].
    - destruct (Rle_or_lt (X (S s) i) (upper_limit i - e)) as [|Hlt]; [assumption|]. exfalso. apply Hno. exists s. auto.
    - destruct (Nat.eq_dec (order t) i) as [E|E].
      + destruct (Rle_or_lt (X (S t) i) (upper_limit i - e)) as [|Hlt]; [assumption|]. exfalso. apply Hno.
        exists t. repeat split; [lia|exact E|exact Hlt].
      + destruct (Hstep t) as (Hk & _). rewrite Hk by auto. exact IH. }
  assert (upper_limit i <= upper_limit i - e); [|lra].
  apply (proj2 (upper_limit_lub i)). intros v Hv. destruct (Hv (S s)) as (t & Ht & Hle).
  specialize (Hall t Ht). lra.
Qed.

Lemma upper_limit_falls_no_more : forall i, In i (hidden P) -> low i < upper_limit i ->
  input P upper_limit i <= output P upper_limit i.
Proof.
  intros i Hi Hlow. destruct (Rle_or_lt (input P upper_limit i) (output P upper_limit i)) as [|Hgt]; [assumption|]. exfalso.
  pose (Y := fun (e : R) (k : nat) => if (k =? i)%nat then upper_limit k - e else upper_limit k + e).
  destruct (stays_positive (fun e => input P (Y e) i - output P (Y e) i) 0) as (d & Hd & Hnear).
  - apply continuous_excess. intros k. unfold Y. destruct (k =? i)%nat.
    + apply (continuity_minus (fun _ => upper_limit k) (fun e => e));
        [apply continuity_const; intros a b; reflexivity|apply derivable_continuous, derivable_id].
    + apply (continuity_plus (fun _ => upper_limit k) (fun e => e));
        [apply continuity_const; intros a b; reflexivity|apply derivable_continuous, derivable_id].
  - assert (forall k, Y 0 k = upper_limit k) as HY by (intros k; unfold Y; destruct (k =? i)%nat; ring).
    rewrite (input_ext P _ upper_limit), (output_ext P _ upper_limit) by exact HY. lra.
  - pose (e := Rmin (d / 2) (upper_limit i - low i)).
    assert (0 < e) by (unfold e; apply Rmin_pos; lra).
    assert (H1 := Rmin_l (d / 2) (upper_limit i - low i)). assert (H2 := Rmin_r (d / 2) (upper_limit i - low i)). fold e in H1, H2.
    destruct (eventually_below e) as (N & HN); [assumption|].
    destruct (visited_high i e Hi ltac:(assumption) N) as (t & Ht & Eo & Hx).
    destruct (Hstep t) as (_ & _ & Hin & _). rewrite Eo in Hin.
    assert (input P (X (S t)) i <= output P (X (S t)) i) by (apply Hin; lra).
    assert (0 < input P (Y e) i - output P (Y e) i) by (apply Hnear; apply Rabs_def1; lra).
    assert (Y e i <= X (S t) i) as Hi' by (unfold Y; rewrite Nat.eqb_refl; lra).
    assert (forall j, j <> i -> X (S t) j <= Y e j) as Ho.
    { intros j Hj. unfold Y. destruct (Nat.eqb_spec j i); [contradiction|]. apply HN. lia. }
    assert (input P (Y e) i <= input P (X (S t)) i) by (apply input_le; assumption).
    assert (output P (X (S t)) i <= output P (Y e) i) by (apply output_le; assumption).
    lra.
Qed.

Lemma eventually_below_best : forall e, 0 < e -> exists N, forall t, (N <= t)%nat -> forall i, X t i <= best i + e.
Proof.
  intros e He. destruct (eventually_below e He) as (N & HN). exists N. intros t Ht i.
  assert (upper_limit i <= best i); [|specialize (HN t Ht i); lra].
  destruct Hbest as [Hbw Hb].
  apply (comparison_log P); auto; try (apply (within_potential P low high); auto; apply upper_limit_within).
  intros j Hj Hlt. assert (Hw := upper_limit_within j). assert (Hw' := Hbw j).
  split; [apply upper_limit_falls_no_more; [exact Hj|lra]|]. apply (Hb j Hj). lra.
Qed.

End Limits.

(* The same for the lower limits, by reversal. *)
Lemma fair_orders_within : forall P low high best order X,
  well_formed P -> all_grounded P -> box P low high -> balanced_within P low high best ->
  fair (hidden P) order -> within low high (X O) ->
  (forall t, step_within P low high (order t) (X t) (X (S t))) ->
  forall e, 0 < e -> exists N, forall t, (N <= t)%nat -> forall i, Rabs (X t i - best i) <= e.
Proof.
  intros P low high best order X Hwf Hg Hbox Hbest Hfair Hstart Hstep e He.
  destruct (eventually_below_best P low high best order X Hwf Hg Hbox Hbest Hfair Hstart Hstep e He) as (N & HN).
  destruct (eventually_below_best (reversed P) (negated high) (negated low) (negated best) order (fun t => negated (X t)))
    with (e := e) as (M & HM); auto.
  - apply well_formed_reversed, Hwf.
  - apply all_grounded_reversed, Hg.
  - destruct Hbox as (Hl & Hh & Hle). split; [|split]; try (apply potential_negated; assumption).
    intros i. unfold negated. specialize (Hle i). lra.
  - destruct Hbest as [Hw Hb]. split; [intros i; specialize (Hw i); unfold negated; lra|].
    intros i Hi. rewrite input_reversed, output_reversed. destruct (Hb i Hi) as [H1 H2]. unfold negated.
    split; intros H; [apply H2; lra|apply H1; lra].
  - intros i. specialize (Hstart i). unfold negated. lra.
  - intros t. destruct (Hstep t) as (Hk & Hr & H1 & H2). split; [|split].
    + intros k Hne. unfold negated. rewrite Hk by exact Hne. reflexivity.
    + unfold negated. lra.
    + rewrite input_reversed, output_reversed. unfold negated. split; intros H; [apply H2; lra|apply H1; lra].
  - exists (max N M). intros t Ht i. specialize (HN t ltac:(lia) i). specialize (HM t ltac:(lia) i).
    unfold negated in HM. apply Rabs_le. lra.
Qed.

(** Without bounds: the steps never raise the regularizer, so the path stays in a box. *)

Definition step (P : problem) (i : nat) (x x' : nat -> R) : Prop :=
  (forall k, k <> i -> x' k = x k) /\ input P x' i = output P x' i.

Lemma step_lowers : forall P i x x',
  well_formed P -> In i (hidden P) -> potential P x -> step P i x x' -> potential P x' /\ total P x' <= total P x.
Proof.
  intros P i x x' Hwf Hi Hx [Hk Hb].
  assert (potential P x') as Hx'.
  { intros k Hk'. rewrite Hk; [apply Hx; exact Hk'|]. intros ->. contradiction. }
  split; [exact Hx'|]. apply minimum_log; auto. intros k _.
  destruct (Nat.eq_dec k i) as [->|Hne]; [rewrite Hb|rewrite Hk by exact Hne]; lra.
Qed.

Lemma fair_orders_converge : forall P best order X,
  well_formed P -> all_grounded P -> stationary P best -> fair (hidden P) order -> potential P (X O) ->
  (forall t, step P (order t) (X t) (X (S t))) ->
  forall e, 0 < e -> exists N, forall t, (N <= t)%nat -> forall i, Rabs (X t i - best i) <= e.
Proof.
  intros P best order X Hwf Hg Hbest Hfair Hstart Hstep.
  assert (forall t, potential P (X t) /\ total P (X t) <= total P (X O)) as Hlow.
  { induction t as [|t [IH IHt]]; [split; [exact Hstart|lra]|].
    destruct (step_lowers P (order t) (X t) (X (S t))) as [H1 H2]; auto.
    - apply Hfair.
    - split; [exact H1|lra]. }
  assert (coercive P) as Hc by (apply (circulation_coercive P _ Hwf (stationary_circulation P best Hwf Hbest))).
  destruct (coercive_bounded P (total P (X O)) Hwf Hg Hc) as (K & HK & Hb).
  assert (forall i, - K <= best i <= K) as Hbb.
  { intros i. apply Hb. split; [apply Hbest|]. apply (stationary_minimum P best (X O)); auto. }
  pose (side := fun (s : R) (i : nat) => if in_dec Nat.eq_dec i (hidden P) then s else 0).
  assert (forall s, potential P (side s)) as Hside.
  { intros s i Hi. unfold side. destruct (in_dec Nat.eq_dec i (hidden P)); [contradiction|reflexivity]. }
  assert (forall x, potential P x -> (forall i, - K <= x i <= K) -> within (side (- (K + 1))) (side (K + 1)) x) as Hin.
  { intros x Hx H i. specialize (H i). unfold side.
    destruct (in_dec Nat.eq_dec i (hidden P)) as [|Hi]; [lra|rewrite Hx by exact Hi; lra]. }
  apply (fair_orders_within P (side (- (K + 1))) (side (K + 1)) best order X); auto.
  - split; [apply Hside|split; [apply Hside|]]. intros i. unfold side. destruct (in_dec Nat.eq_dec i (hidden P)); lra.
  - split; [apply Hin; [apply Hbest|exact Hbb]|]. intros i Hi. destruct Hbest as [_ Hs]. rewrite (Hs i Hi). lra.
  - apply Hin; [exact Hstart|]. intros i. apply Hb. split; [exact Hstart|lra].
  - intros t. destruct (Hstep t) as [Hk Hbal]. split; [exact Hk|].
    rewrite Hbal. split; [|lra].
    apply (Hin (X (S t))); [apply Hlow|]. intros i. apply Hb. apply Hlow.
Qed.
