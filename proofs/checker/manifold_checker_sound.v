(* What the checker of the claim `manifold` (claim_checker.v) accepts is true: the constraints describe the manifold of scalings, none of them follows from the
   others, and the spanning synapses are coordinates of it, so that it has as many dimensions. *)

From Coq Require Import Reals ZArith List Arith Bool Lra Lia.
From Synbal Require Import finite_sums energy_checker claim_checker.
Import ListNotations.
Open Scope R_scope.

Lemma sum_first : forall n f, sum (S n) f = f O + sum n (fun i => f (S i)).
Proof. induction n as [|n IH]; intros f; [simpl; ring|]. simpl in *. rewrite IH. ring. Qed.

Lemma dot_real : forall n a b, (length a <= n)%nat -> IZR (dot a b) = sum n (fun v => IZR (nth v a 0%Z) * IZR (nth v b 0%Z)).
Proof.
  induction n as [|n IH]; intros a b H.
  - destruct a; simpl in *; [reflexivity|lia].
  - destruct a as [|x a]; [simpl dot; symmetry; apply sum_zero; intros i _; destruct i; simpl; ring|].
    destruct b as [|y b].
    + simpl dot. symmetry. apply sum_zero. intros i _. destruct i; simpl; ring.
    + rewrite sum_first. simpl in H. simpl dot. rewrite plus_IZR, mult_IZR, (IH a b) by lia. reflexivity.
Qed.

Lemma column_nth : forall rows e k, nth k (column rows e) 0%Z = entry_of (nth k rows []) e.
Proof.
  intros rows e k. unfold column. destruct (Nat.lt_ge_cases k (length rows)) as [H|H].
  - rewrite (nth_indep _ 0%Z (entry_of [] e)) by (rewrite map_length; exact H). apply (map_nth (fun row => entry_of row e)).
  - rewrite !nth_overflow by (try rewrite map_length; exact H). unfold entry_of. destruct e; reflexivity.
Qed.

Lemma indexed_in : forall {T} (l : list T) k d i, (i < length l)%nat -> In ((k + i)%nat, nth i l d) (indexed k l).
Proof.
  intros T. induction l as [|x l IH]; intros k d i H; simpl in *; [lia|]. destruct i as [|i].
  - left. rewrite Nat.add_0_r. reflexivity.
  - right. replace (k + S i)%nat with (S k + i)%nat by lia. apply IH. lia.
Qed.

Lemma lengths_nth : forall {T} n (rows : list (list T)) k, lengths_are n rows = true -> (k < length rows)%nat -> length (nth k rows []) = n.
Proof.
  intros T n rows k H Hk. unfold lengths_are in H. rewrite forallb_forall in H. apply Nat.eqb_eq. apply H. apply nth_In. exact Hk.
Qed.

Lemma apart_no_duplicates : forall a b : list nat, NoDup a -> NoDup b -> (forall e, In e a -> In e b -> False) -> NoDup (a ++ b).
Proof.
  intros a b Ha Hb H. induction Ha as [|x a Hx _ IH]; [exact Hb|]. simpl. constructor.
  - intros Hin. apply in_app_or in Hin. destruct Hin as [Hin|Hin]; [contradiction|]. apply (H x); [left; reflexivity|exact Hin].
  - apply IH. intros e H1 H2. apply (H e); [right; exact H1|exact H2].
Qed.

Section Manifold.

Variables (variables : nat) (forms constraints : list (list Z)) (spanning others : list nat).

Definition coefficient_of (rows : list (list Z)) (k e : nat) : R := IZR (entry_of (nth k rows []) e).

(* Logarithms of ratios that multipliers give. *)
Definition on_manifold (u : nat -> R) : Prop :=
  exists x : nat -> R, forall e, (e < length forms)%nat -> u e = sum variables (fun v => coefficient_of forms e v * x v).

Definition satisfies (u : nat -> R) : Prop :=
  forall k, (k < length constraints)%nat -> sum (length forms) (fun e => coefficient_of constraints k e * u e) = 0.

(* What is shown. *)
Definition described : Prop :=
  (forall u, on_manifold u <-> satisfies u) /\
  (length constraints + length spanning = length forms)%nat /\
  (forall lambda, (forall e, (e < length forms)%nat -> sum (length constraints) (fun k => lambda k * coefficient_of constraints k e) = 0) ->
     forall k, (k < length constraints)%nat -> lambda k = 0) /\
  (forall t : nat -> R, exists u, on_manifold u /\ forall i, (i < length spanning)%nat -> u (nth i spanning O) = t i) /\
  (forall u u', on_manifold u -> on_manifold u' -> (forall i, (i < length spanning)%nat -> u (nth i spanning O) = u' (nth i spanning O)) ->
     forall e, (e < length forms)%nat -> u e = u' e).

Variable hint : manifold_hint.
Hypothesis Hshown : shows_manifold variables forms constraints spanning others hint = true.

Let unit : R := IZR (one hint).

Record checks : Prop := {
  unit_positive : 0 < unit;
  as_many : length constraints = length others;
  somewhere : forall e, (e < length forms)%nat -> (In e spanning /\ ~ In e others) \/ (~ In e spanning /\ In e others);
  synapses_are_there : forall e, In e spanning \/ In e others -> (e < length forms)%nat;
  vanish : forall k v, (k < length constraints)%nat -> (v < variables)%nat ->
    sum (length forms) (fun e => coefficient_of constraints k e * coefficient_of forms e v) = 0;
  moves_alone : forall i j, (i < length spanning)%nat -> (j < length spanning)%nat ->
    sum variables (fun v => coefficient_of forms (nth i spanning O) v * IZR (nth v (nth j (directions hint) []) 0%Z)) = (if (i =? j)%nat then unit else 0);
  combine_to_one : forall i j, (i < length others)%nat -> (j < length others)%nat ->
    sum (length constraints) (fun k => IZR (nth k (nth j (combinations hint) []) 0%Z) * coefficient_of constraints k (nth i others O))
      = (if (i =? j)%nat then unit else 0);
  none_is_spared : forall k j, (k < length constraints)%nat -> (j < length constraints)%nat ->
    sum (length others) (fun i => coefficient_of constraints k (nth i others O) * coefficient_of (combinations hint) i j) = (if (k =? j)%nat then unit else 0)
}.

Lemma existsb_in : forall e l, existsb (Nat.eqb e) l = true <-> In e l.
Proof.
  intros e l. rewrite existsb_exists. split; [intros (k & Hk & E); apply Nat.eqb_eq in E; subst; exact Hk|].
  intros H. exists e. split; [exact H|apply Nat.eqb_refl].
Qed.

Lemma kronecker_real : forall i j, IZR (kronecker (one hint) i j) = (if (i =? j)%nat then unit else 0).
Proof. intros i j. unfold kronecker. destruct (i =? j)%nat; reflexivity. Qed.

Lemma all_checks : checks.
Proof.
  assert (H := Hshown). unfold shows_manifold in H.
  destruct (Z.ltb_spec 0 (one hint)) as [Hone|]; [|discriminate].
  destruct (lengths_are variables forms) eqn:Lf; [|discriminate].
  destruct (lengths_are (length forms) constraints) eqn:Lc; [|discriminate].
  destruct (lengths_are variables (directions hint)) eqn:Ld; [|discriminate].
  destruct (lengths_are (length constraints) (combinations hint)) eqn:Lb; [|discriminate].
  destruct (Nat.eqb_spec (length (directions hint)) (length spanning)) as [Nd|]; [|discriminate].
  destruct (Nat.eqb_spec (length (combinations hint)) (length others)) as [Nb|]; [|discriminate].
  destruct (Nat.eqb_spec (length constraints) (length others)) as [Nc|]; [|discriminate].
  destruct (forallb _ (seq 0 (length forms))) eqn:Hpart; [|discriminate].
  destruct (forallb _ (spanning ++ others)) eqn:Hthere; [|discriminate].
  destruct (forallb _ constraints) eqn:Hvanish; [|discriminate].
  destruct (forallb _ (indexed 0 spanning)) eqn:Hmoves; [|discriminate].
  destruct (forallb _ (indexed 0 others)) eqn:Hcombine; [|discriminate].
  rewrite forallb_forall in Hpart, Hthere, Hvanish, Hmoves, Hcombine, H.
  assert (forall e, In e spanning \/ In e others -> (e < length forms)%nat) as Hin.
  { intros e He. apply Nat.ltb_lt. apply Hthere. apply in_or_app. exact He. }
  constructor.
  - apply IZR_lt. exact Hone.
  - exact Nc.
  - intros e He. specialize (Hpart e ltac:(apply in_seq; lia)).
    destruct (existsb (Nat.eqb e) spanning) eqn:E.
    + left. split; [apply existsb_in; exact E|]. rewrite <- existsb_in. apply negb_true_iff in Hpart. congruence.
    + right. split; [rewrite <- existsb_in; congruence|apply existsb_in; exact Hpart].
  - exact Hin.
  - intros k v Hk Hv. specialize (Hvanish (nth k constraints []) (nth_In _ _ Hk)). rewrite forallb_forall in Hvanish.
    specialize (Hvanish v ltac:(apply in_seq; lia)). apply Z.eqb_eq in Hvanish. apply (f_equal IZR) in Hvanish.
    rewrite (dot_real (length forms)) in Hvanish by (rewrite (lengths_nth (length forms)); auto). rewrite <- Hvanish. apply sum_ext.
    intros e _. rewrite column_nth. reflexivity.
  - intros i j Hi Hj. specialize (Hmoves _ (indexed_in spanning 0 O i Hi)). rewrite forallb_forall in Hmoves.
    specialize (Hmoves _ (indexed_in (directions hint) 0 [] j ltac:(lia))). apply Z.eqb_eq in Hmoves. apply (f_equal IZR) in Hmoves.
    cbn [fst snd Nat.add] in Hmoves. rewrite kronecker_real in Hmoves. rewrite <- Hmoves. symmetry. apply dot_real.
    rewrite (lengths_nth variables); auto. apply Hin. left. apply nth_In. exact Hi.
  - intros i j Hi Hj. specialize (Hcombine _ (indexed_in others 0 O i Hi)). rewrite forallb_forall in Hcombine.
    specialize (Hcombine _ (indexed_in (combinations hint) 0 [] j ltac:(lia))). apply Z.eqb_eq in Hcombine. apply (f_equal IZR) in Hcombine.
    cbn [fst snd Nat.add] in Hcombine. rewrite kronecker_real in Hcombine. rewrite <- Hcombine, (dot_real (length constraints)).
    + apply sum_ext. intros k _. rewrite column_nth. reflexivity.
    + rewrite (lengths_nth (length constraints)); auto. lia.
  - intros k j Hk Hj. specialize (H _ (indexed_in constraints 0 [] k Hk)). rewrite forallb_forall in H.
    specialize (H _ (indexed_in constraints 0 [] j Hj)). apply Z.eqb_eq in H. apply (f_equal IZR) in H.
    cbn [fst snd Nat.add] in H. rewrite kronecker_real in H. rewrite <- H, (dot_real (length others)) by (rewrite map_length; lia).
    apply sum_ext. intros i Hi. rewrite column_nth. unfold coefficient_of. do 2 f_equal.
    rewrite (nth_indep _ 0%Z (entry_of (nth k constraints []) O)) by (rewrite map_length; exact Hi).
    symmetry. apply (map_nth (fun o => entry_of (nth k constraints []) o)).
Qed.

Lemma manifold_satisfies : forall u, on_manifold u -> satisfies u.
Proof.
  intros u (x & Hx) k Hk. assert (C := all_checks).
  rewrite (sum_ext _ _ (fun e => sum variables (fun v => coefficient_of constraints k e * coefficient_of forms e v * x v))).
  - rewrite sum_swap. apply sum_zero. intros v Hv.
    rewrite sum_scale_r, (vanish C k v Hk Hv). ring.
  - intros e He. rewrite (Hx e He), <- sum_scale. apply sum_ext. intros. ring.
Qed.

(* What satisfies the constraints and is 0 on the spanning synapses is 0. *)
Lemma determined : forall u, satisfies u -> (forall i, (i < length spanning)%nat -> u (nth i spanning O) = 0) ->
  forall e, (e < length forms)%nat -> u e = 0.
Proof.
  intros u Hu Hs e He. assert (C := all_checks). destruct (somewhere C e He) as [[Hin _]|[_ Hin]].
  - destruct (In_nth _ _ O Hin) as (i & Hi & <-). apply Hs. exact Hi.
  - destruct (In_nth _ _ O Hin) as (j & Hj & Ej).
    set (b := fun k => IZR (nth k (nth j (combinations hint) []) 0%Z)).
    assert (sum (length constraints) (fun k => b k * sum (length forms) (fun d => coefficient_of constraints k d * u d)) = 0) as Hz.
    { apply sum_zero. intros k Hk. rewrite (Hu k Hk). ring. }
    rewrite (sum_ext _ _ (fun k => sum (length forms) (fun d => b k * coefficient_of constraints k d * u d))) in Hz.
    2:{ intros k _. rewrite <- sum_scale. apply sum_ext. intros. ring. }
    rewrite sum_swap, (sum_single _ _ e He) in Hz.
    + assert (Hone := combine_to_one C j j Hj Hj). rewrite Ej, Nat.eqb_refl in Hone.
      rewrite sum_scale_r in Hz. unfold b in Hz. rewrite Hone in Hz. assert (Hp := unit_positive C). apply Rmult_integral in Hz. destruct Hz; [lra|assumption].
    + intros d Hd Hne. rewrite sum_scale_r. destruct (somewhere C d Hd) as [[Hd' _]|[_ Hd']].
      * destruct (In_nth _ _ O Hd') as (i & Hi & <-). rewrite (Hs i Hi). ring.
      * destruct (In_nth _ _ O Hd') as (i & Hi & Ei). assert (Hone := combine_to_one C i j Hi Hj). rewrite Ei in Hone.
        unfold b. rewrite Hone. destruct (Nat.eqb_spec i j) as [->|_]; [congruence|ring].
Qed.

Lemma any_coordinates : forall t : nat -> R, exists u, on_manifold u /\ forall i, (i < length spanning)%nat -> u (nth i spanning O) = t i.
Proof.
  intros t. assert (C := all_checks). assert (Hp := unit_positive C).
  set (x := fun v => sum (length spanning) (fun j => t j / unit * IZR (nth v (nth j (directions hint) []) 0%Z))).
  exists (fun e => sum variables (fun v => coefficient_of forms e v * x v)). split; [exists x; reflexivity|].
  intros i Hi. unfold x.
  rewrite (sum_ext _ _ (fun v => sum (length spanning) (fun j =>
    t j / unit * (coefficient_of forms (nth i spanning O) v * IZR (nth v (nth j (directions hint) []) 0%Z))))).
  2:{ intros v _. rewrite <- sum_scale. apply sum_ext. intros. ring. }
  rewrite sum_swap, (sum_single _ _ i Hi).
  - rewrite sum_scale, (moves_alone C i i Hi Hi), Nat.eqb_refl. field. lra.
  - intros j Hj Hne. rewrite sum_scale, (moves_alone C i j Hi Hj). destruct (Nat.eqb_spec i j); [congruence|ring].
Qed.

Lemma difference_satisfies : forall u u', satisfies u -> satisfies u' -> satisfies (fun e => u e - u' e).
Proof.
  intros u u' H H' k Hk. rewrite (sum_ext _ _ (fun e => coefficient_of constraints k e * u e - coefficient_of constraints k e * u' e))
    by (intros; ring). rewrite sum_minus, (H k Hk), (H' k Hk). ring.
Qed.

(* Distinct numbers below n, in two lists without common members and with all of them, are n. *)
Lemma partition_counts : (length constraints + length spanning = length forms)%nat.
Proof.
  assert (C := all_checks). assert (Hp := unit_positive C). rewrite (as_many C).
  assert (NoDup others) as N1.
  { apply (NoDup_nth others O). intros i j Hi Hj E. assert (H1 := combine_to_one C i j Hi Hj). assert (H2 := combine_to_one C j j Hj Hj).
    rewrite E in H1. rewrite H1 in H2. rewrite Nat.eqb_refl in H2. destruct (Nat.eqb_spec i j); [assumption|lra]. }
  assert (NoDup spanning) as N2.
  { apply (NoDup_nth spanning O). intros i j Hi Hj E. assert (H1 := moves_alone C i j Hi Hj). assert (H2 := moves_alone C j j Hj Hj).
    rewrite E in H1. rewrite H1 in H2. rewrite Nat.eqb_refl in H2. destruct (Nat.eqb_spec i j); [assumption|lra]. }
  assert (NoDup (others ++ spanning)) as N.
  { apply apart_no_duplicates; [exact N1|exact N2|]. intros e H1 H2. destruct (somewhere C e (synapses_are_there C e (or_introl H2))); tauto. }
  rewrite <- app_length, <- (seq_length (length forms) 0). apply Nat.le_antisymm; apply NoDup_incl_length; try apply seq_NoDup; try exact N.
  - intros e He. apply in_seq. apply in_app_or in He. split; [lia|]. apply (synapses_are_there C). tauto.
  - intros e He. apply in_seq in He. apply in_or_app. destruct (somewhere C e ltac:(lia)); tauto.
Qed.

(* The claim as it stands in the file: the hint is no part of what is shown. *)
Theorem manifold_is_sound : described.
Proof.
  assert (C := all_checks). assert (Hp := unit_positive C). split; [|split; [exact partition_counts|split; [|split; [exact any_coordinates|]]]].
  - intros u. split; [apply manifold_satisfies|]. intros Hu.
    destruct (any_coordinates (fun i => u (nth i spanning O))) as (u' & Hm & Hs).
    assert (forall e, (e < length forms)%nat -> u e - u' e = 0) as Hd.
    { apply determined.
      - apply difference_satisfies; [exact Hu|apply manifold_satisfies; exact Hm].
      - intros i Hi. rewrite (Hs i Hi). ring. }
    destruct Hm as (x & Hx). exists x. intros e He. specialize (Hd e He). rewrite <- (Hx e He). lra.
  - intros lambda Hl j Hj.
    assert (sum (length others) (fun i => sum (length constraints) (fun k => lambda k * coefficient_of constraints k (nth i others O))
      * coefficient_of (combinations hint) i j) = 0) as Hz.
    { apply sum_zero. intros i Hi. rewrite (Hl (nth i others O)); [ring|]. apply (synapses_are_there C). right. apply nth_In. exact Hi. }
    rewrite (sum_ext _ _ (fun i => sum (length constraints) (fun k => lambda k
      * (coefficient_of constraints k (nth i others O) * coefficient_of (combinations hint) i j)))) in Hz.
    2:{ intros i _. rewrite <- sum_scale_r. apply sum_ext. intros. ring. }
    rewrite sum_swap, (sum_single _ _ j Hj) in Hz.
    + rewrite sum_scale, (none_is_spared C j j Hj Hj), Nat.eqb_refl in Hz. apply Rmult_integral in Hz. destruct Hz; [assumption|lra].
    + intros k Hk Hne. rewrite sum_scale, (none_is_spared C k j Hk Hj). destruct (Nat.eqb_spec k j); [congruence|ring].
  - intros u u' Hu Hu' Hs e He. assert (u e - u' e = 0); [|lra].
    apply (determined (fun e => u e - u' e)); [|intros i Hi; rewrite (Hs i Hi); ring|exact He].
    apply difference_satisfies; apply manifold_satisfies; assumption.
Qed.

End Manifold.
