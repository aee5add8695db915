(* Linear equations, and limits of values: what existence of minima needs of them. *)

From Coq Require Import Reals List Arith Lra Lia Classical.
From Synbal Require Import finite_sums balancing_problem.
Import ListNotations.
Open Scope R_scope.

(** Linear equations: either they have a solution or a combination of them is absurd. *)

Definition weighted (l : list nat) (z b : nat -> R) : R := sum_over l (fun e => z e * b e).

Lemma weighted_combination : forall l z a b k,
  weighted l z (fun e => a e + k * b e) = weighted l z a + k * weighted l z b.
Proof.
  intros. unfold weighted. rewrite <- sum_over_scale, <- sum_over_plus. apply sum_over_ext. intros. ring.
Qed.

Lemma weighted_at : forall l e k b, NoDup l -> In e l ->
  weighted l (fun d => if (e =? d)%nat then k else 0) b = k * b e.
Proof.
  intros l e k b Hl He. unfold weighted. rewrite (sum_over_ext _ _ (fun d => b d * (if (e =? d)%nat then k else 0))).
  - rewrite sum_over_single; [ring|exact Hl|contradiction].
  - intros. ring.
Qed.

Lemma weighted_shifted : forall l z e k b, NoDup l -> In e l ->
  weighted l (fun d => z d + (if (e =? d)%nat then k else 0)) b = weighted l z b + k * b e.
Proof.
  intros l z e k b Hl He. rewrite <- (weighted_at l e k b Hl He). unfold weighted.
  rewrite <- sum_over_plus. apply sum_over_ext. intros. ring.
Qed.

Lemma solution_or_absurdity : forall l, NoDup l -> forall n (b : nat -> nat -> R) (goal : nat -> R),
  (exists x, forall e, In e l -> sum n (fun v => b e v * x v) = goal e) \/
  (exists z, (forall v, (v < n)%nat -> weighted l z (fun e => b e v) = 0) /\ weighted l z goal <> 0).
Proof.
  intros l Hl. induction n as [|n IH]; intros b goal.
  - destruct (classic (forall e, In e l -> goal e = 0)) as [H|H].
    + left. exists (fun _ => 0). intros e He. simpl. symmetry. apply H. exact He.
    + right. apply not_all_ex_not in H. destruct H as (e & H). apply imply_to_and in H. destruct H as [He H].
      exists (fun d => if (e =? d)%nat then 1 else 0). split; [intros v Hv; lia|].
      rewrite weighted_at by assumption. lra.
  - destruct (classic (forall e, In e l -> b e n = 0)) as [H|H].
    + destruct (IH b goal) as [(x & Hx)|(z & Hz & Hg)].
      * left. exists x. intros e He. simpl. rewrite (Hx e He), (H e He). ring.
      * right. exists z. split; [|exact Hg]. intros v Hv. destruct (Nat.eq_dec v n) as [->|Hne]; [|apply Hz; lia].
        apply sum_over_zero. intros e He. rewrite (H e He). ring.
    + apply not_all_ex_not in H. destruct H as (p & H). apply imply_to_and in H. destruct H as [Hp H].
      pose (b' := fun e v => b e v + (- b p v / b p n) * b e n).
      pose (goal' := fun e => goal e + (- goal p / b p n) * b e n).
      destruct (IH b' goal') as [(x & Hx)|(z & Hz & Hg)].
      * left. exists (fun v => if (v =? n)%nat then (goal p - sum n (fun v => b p v * x v)) / b p n else x v).
        intros e He. simpl. rewrite Nat.eqb_refl. rewrite (sum_ext n _ (fun v => b e v * x v)).
        2:{ intros v Hv. destruct (Nat.eqb_spec v n); [lia|reflexivity]. }
        specialize (Hx e He). unfold b', goal' in Hx.
        rewrite (sum_ext n _ (fun v => b e v * x v + (- b e n / b p n) * (b p v * x v))) in Hx.
        2:{ intros v _. field. exact H. }
        rewrite sum_plus, sum_scale in Hx.
        replace (goal e) with (goal e + - goal p / b p n * b e n - - goal p / b p n * b e n) by ring.
        rewrite <- Hx. field. exact H.
      * right. exists (fun d => z d + (if (p =? d)%nat then - weighted l z (fun e => b e n) / b p n else 0)).
        split.
        -- intros v Hv. rewrite weighted_shifted by assumption.
           destruct (Nat.eq_dec v n) as [->|Hne]; [field; exact H|].
           specialize (Hz v ltac:(lia)). unfold b' in Hz.
           rewrite (weighted_combination l z (fun e => b e v) (fun e => b e n)) in Hz.
           replace (weighted l z (fun e => b e v)) with (- (- b p v / b p n * weighted l z (fun e => b e n))) by lra.
           field. exact H.
        -- rewrite weighted_shifted by assumption. intros E. apply Hg. unfold goal'.
           rewrite (weighted_combination l z goal (fun e => b e n)). rewrite <- E. field. exact H.
Qed.

(** Nested sets of points on which functions are bounded have a common limit of the values. *)

Definition nested (T : Type) (near : R -> T -> Prop) : Prop :=
  (forall a b x, a <= b -> near a x -> near b x) /\ forall a, 0 < a -> exists x, near a x.

Lemma limit_of_one : forall T near (f : T -> R) K,
  nested T near -> (forall x, near 1 x -> - K <= f x <= K) ->
  exists limit, nested T (fun a x => near a x /\ Rabs (f x - limit) <= a).
Proof.
  intros T near f K [Hup Hne] HK.
  pose (often := fun t => forall a, 0 < a -> exists x, near a x /\ t <= f x).
  assert (often (- K)) as Hlow.
  { intros a Ha. destruct (Hne (Rmin a 1)) as (x & Hx); [apply Rmin_pos; lra|]. exists x. split.
    - apply Hup with (Rmin a 1); [apply Rmin_l|exact Hx].
    - apply HK. apply Hup with (Rmin a 1); [apply Rmin_r|exact Hx]. }
  destruct (completeness often) as (limit & Hub & Hleast).
  - exists K. intros t Ht. destruct (Ht 1) as (x & Hx & Hf); [lra|]. specialize (HK x Hx). lra.
  - exists (- K). exact Hlow.
  - exists limit. split.
    + intros a b x Hab [H1 H2]. split; [apply Hup with a; assumption|lra].
    + intros a Ha.
      assert (exists t, often t /\ limit - a < t) as (t & Ht & Hlt).
      { apply NNPP. intros Hno. assert (limit <= limit - a); [|lra]. apply Hleast. intros t Ht.
        destruct (Rle_or_lt t (limit - a)); [assumption|]. exfalso. apply Hno. exists t. auto. }
      assert (~ often (limit + a)) as Hnot by (intros H; specialize (Hub _ H); lra).
      apply not_all_ex_not in Hnot. destruct Hnot as (d & Hd). apply imply_to_and in Hd. destruct Hd as [Hd Hno].
      destruct (Ht (Rmin a d)) as (x & Hx & Hf); [apply Rmin_pos; assumption|].
      exists x. split; [apply Hup with (Rmin a d); [apply Rmin_l|exact Hx]|].
      assert (f x < limit + a).
      { destruct (Rlt_or_le (f x) (limit + a)) as [|Hge]; [assumption|]. exfalso. apply Hno. exists x.
        split; [|exact Hge]. apply Hup with (Rmin a d); [apply Rmin_r|exact Hx]. }
      apply Rabs_le. lra.
Qed.

Lemma limits : forall T (l : list nat) (f : nat -> T -> R) K near,
  nested T near -> (forall e x, In e l -> near 1 x -> - K <= f e x <= K) ->
  exists limit, nested T (fun a x => near a x /\ forall e, In e l -> Rabs (f e x - limit e) <= a).
Proof.
  intros T. induction l as [|d l IH]; intros f K near Hn HK.
  - exists (fun _ => 0). split; [intros a b x Hab [H1 _]|intros a Ha].
    + split; [apply (proj1 Hn) with a; assumption|intros e []].
    + destruct (proj2 Hn a Ha) as (x & Hx). exists x. split; [exact Hx|intros e []].
  - destruct (IH f K near Hn) as (limit & Hl); [intros e x He; apply HK; right; exact He|].
    destruct (limit_of_one T _ (f d) K Hl) as (top & Ht).
    { intros x [Hx _]. apply HK; [left; reflexivity|exact Hx]. }
    exists (fun e => if (e =? d)%nat then top else limit e).
    assert (forall a x, (near a x /\ (forall e, In e l -> Rabs (f e x - limit e) <= a)) /\ Rabs (f d x - top) <= a ->
      near a x /\ forall e, In e (d :: l) -> Rabs (f e x - (if (e =? d)%nat then top else limit e)) <= a) as H.
    { intros a x [[H1 H2] H3]. split; [exact H1|]. intros e He. destruct (Nat.eqb_spec e d) as [->|Hne]; [exact H3|].
      apply H2. destruct He as [->|He]; [contradiction|exact He]. }
    split.
    + intros a b x Hab [H1 H2]. split; [apply (proj1 Hn) with a; assumption|]. intros e He. specialize (H2 e He). lra.
    + intros a Ha. destruct (proj2 Ht a Ha) as (x & Hx). exists x. apply H. exact Hx.
Qed.
