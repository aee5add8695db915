(* Σ_i (A_i - B_i)² and max_i |A_i - B_i|/(A_i + B_i) are 0 exactly in balance. The second lies in [0, 1] and does not change when R
   is multiplied by a constant; the first is multiplied by its square. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums.
Open Scope R_scope.

Definition squared_deficit (n : nat) (A B : nat -> R) : R := sum n (fun i => (A i - B i) * (A i - B i)).

(* A unit without cost counts 0. *)
Definition relative (a b : R) : R := if Req_EM_T (a + b) 0 then 0 else Rabs (a - b) / (a + b).

Fixpoint largest_relative (n : nat) (A B : nat -> R) : R :=
  match n with
  | O => 0
  | S m => Rmax (largest_relative m A B) (relative (A m) (B m))
  end.

Lemma relative_bounds : forall a b, 0 <= a -> 0 <= b -> 0 <= relative a b <= 1 /\ (relative a b = 0 <-> a = b).
Proof.
  intros a b Ha Hb. unfold relative. destruct (Req_EM_T (a + b) 0) as [H|H]; [split; [lra|split; lra]|].
  assert (Hpos : 0 < a + b) by lra. assert (Hinv : 0 < / (a + b)) by (apply Rinv_0_lt_compat; exact Hpos).
  assert (Habs := Rabs_pos (a - b)).
  assert (Hle : Rabs (a - b) <= a + b) by (unfold Rabs; destruct (Rcase_abs (a - b)); lra).
  split; [split|split].
  - apply Rmult_le_pos; lra.
  - apply (Rmult_le_reg_r (a + b)); [exact Hpos|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by exact H. lra.
  - intros Hz. unfold Rdiv in Hz. apply Rmult_integral in Hz. destruct Hz as [Hz|Hz]; [|lra].
    unfold Rabs in Hz. destruct (Rcase_abs (a - b)); lra.
  - intros ->. replace (b - b) with 0 by ring. rewrite Rabs_R0. unfold Rdiv. ring.
Qed.

Lemma relative_multiple : forall k a b, 0 < k -> relative (k * a) (k * b) = relative a b.
Proof.
  intros k a b Hk. unfold relative. rewrite <- Rmult_plus_distr_l, <- Rmult_minus_distr_l.
  destruct (Req_EM_T (k * (a + b)) 0) as [H|H], (Req_EM_T (a + b) 0) as [H'|H']; try reflexivity.
  - exfalso. apply Rmult_integral in H. lra.
  - exfalso. apply H. rewrite H'. ring.
  - rewrite Rabs_mult, (Rabs_right k) by lra. field. lra.
Qed.

Theorem deficit :
  forall n A B,
    (forall i, (i < n)%nat -> 0 <= A i /\ 0 <= B i) ->
    (squared_deficit n A B = 0 <-> forall i, (i < n)%nat -> A i = B i) /\
    (largest_relative n A B = 0 <-> forall i, (i < n)%nat -> A i = B i) /\
    0 <= largest_relative n A B <= 1 /\
    (forall i, (i < n)%nat -> relative (A i) (B i) <= largest_relative n A B) /\
    forall k, 0 < k ->
      largest_relative n (fun i => k * A i) (fun i => k * B i) = largest_relative n A B /\
      squared_deficit n (fun i => k * A i) (fun i => k * B i) = k * k * squared_deficit n A B.
Proof.
  intros n A B H. split; [|split; [|split; [|split]]].
  - assert (Hsq : forall x, 0 <= x * x) by (intros x; apply Rle_0_sqr). split.
    + intros Hz i Hi. assert (Hzi := sum_nonneg_zero n _ (fun i _ => Hsq (A i - B i)) Hz i Hi). simpl in Hzi.
      apply Rmult_integral in Hzi. lra.
    + intros Heq. apply sum_zero. intros i Hi. rewrite (Heq i Hi). ring.
  - induction n as [|n IH]; simpl; [split; [intros; lia|reflexivity]|].
    assert (Hn : forall i, (i < n)%nat -> 0 <= A i /\ 0 <= B i) by auto.
    destruct (H n ltac:(lia)) as (HA & HB). destruct (relative_bounds (A n) (B n) HA HB) as ((Hlow & _) & Hiff).
    assert (H0 : 0 <= largest_relative n A B).
    { clear. induction n as [|n IH]; simpl; [lra|]. apply Rle_trans with (1 := IH). apply Rmax_l. }
    split.
    + intros Hmax. assert (M1 := Rmax_l (largest_relative n A B) (relative (A n) (B n))).
      assert (M2 := Rmax_r (largest_relative n A B) (relative (A n) (B n))).
      intros i Hi. destruct (Nat.eq_dec i n) as [->|Hne]; [apply Hiff; lra|].
      apply (proj1 (IH Hn)); [lra|lia].
    + intros Heq. rewrite (proj2 Hiff) by (apply Heq; lia). rewrite (proj2 (IH Hn)) by auto. apply Rmax_left. lra.
  - induction n as [|n IH]; simpl; [lra|].
    destruct (H n ltac:(lia)) as (HA & HB). destruct (relative_bounds (A n) (B n) HA HB) as ((Hlow & Hhigh) & _).
    assert (Hn := IH ltac:(auto)). split.
    + apply Rle_trans with (1 := proj1 Hn). apply Rmax_l.
    + apply Rmax_lub; [apply Hn|exact Hhigh].
  - clear H. induction n as [|n IH]; intros i Hi; [lia|]. simpl.
    destruct (Nat.eq_dec i n) as [->|Hne]; [apply Rmax_r|]. apply Rle_trans with (2 := Rmax_l _ _). apply IH. lia.
  - intros k Hk. split.
    + clear H. induction n as [|n IH]; simpl; [reflexivity|]. rewrite IH, relative_multiple by exact Hk. reflexivity.
    + unfold squared_deficit. rewrite <- sum_scale. apply sum_ext. intros. ring.
Qed.
