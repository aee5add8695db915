(* A residual addition forces the multipliers of its two branches to be equal. Maximum and average pooling, flattening, concatenation,
   transposition and inference-mode batch normalisation carry the channel's multiplier, the normalisation's own scale and shift being
   weights. An operation that is not homogeneous pins what it reads and what it makes to 1.

   Corrected: A residual addition forces the multipliers of its branches to be equal; poolings, flattening, concatenation and
   transposition carry the multiplier. So does inference-mode batch normalisation γ (x - m)/s + β if its running mean m is multiplied
   with the shift β; with m kept, β must absorb the difference. An operation that is not homogeneous pins what it reads and makes to 1
   (a layer normalisation is homogeneous, of degree 0, only if its ε is 0). *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums.
Open Scope R_scope.

(* The largest of x 0, ..., x n. *)
Fixpoint largest (n : nat) (x : nat -> R) : R :=
  match n with
  | O => x 0%nat
  | S m => Rmax (largest m x) (x (S m))
  end.

Lemma Rmax_multiple : forall k a b, 0 < k -> Rmax (k * a) (k * b) = k * Rmax a b.
Proof. intros k a b Hk. unfold Rmax. destruct (Rle_dec a b), (Rle_dec (k * a) (k * b)); try reflexivity; exfalso; nra. Qed.

Theorem pass_through_ties :
  (* Addition: branches multiplied by a and b give the sum multiplied by k, for all values, only if a = b = k. *)
  (forall a b k, (forall x y, a * x + b * y = k * (x + y)) <-> a = k /\ b = k) /\
  (* Maximum and average pooling. *)
  (forall k n x, 0 < k -> largest n (fun i => k * x i) = k * largest n x) /\
  (forall k n x, sum (S n) (fun i => k * x i) / INR (S n) = k * (sum (S n) x / INR (S n))) /\
  (* Flattening, concatenation, transposition: values in another order. *)
  (forall k (x : nat -> R) (order : nat -> nat) i, (fun j => k * x j) (order i) = k * (fun j => x (order j)) i) /\
  (* Batch normalisation, the mean and the shift multiplied; or the mean kept and the shift changed so, and not otherwise. *)
  (forall k g s m b x, s <> 0 -> g * (k * x - k * m) / s + k * b = k * (g * (x - m) / s + b)) /\
  (forall k g s m b b', s <> 0 ->
     ((forall x, g * (k * x - m) / s + b' = k * (g * (x - m) / s + b)) <-> b' = k * b + g * m * (1 - k) / s)).
Proof.
  split; [|split; [|split; [|split; [|split]]]].
  - intros a b k. split.
    + intros H. assert (H1 := H 1 0). assert (H2 := H 0 1). lra.
    + intros (-> & ->) x y. ring.
  - intros k n x Hk. induction n as [|n IH]; simpl; [reflexivity|]. rewrite IH. apply Rmax_multiple. exact Hk.
  - intros k n x. rewrite sum_scale. unfold Rdiv. ring.
  - reflexivity.
  - intros k g s m b x Hs. field. exact Hs.
  - intros k g s m b b' Hs. split.
    + intros H. specialize (H 0). apply (Rplus_eq_reg_l (g * (k * 0 - m) / s)). rewrite H. field. exact Hs.
    + intros -> x. field. exact Hs.
Qed.

(* Layer normalisation: one output of the layer 0, x (mean x/2, variance x²/4). With ε = 0 it does not change with x > 0; with ε > 0 it
   does, by every multiplier but 1. *)
Theorem layer_normalisation :
  forall e k x, 0 <= e -> 0 < k -> 0 < x ->
    let normalised := fun x => x / 2 / sqrt (x * x / 4 + e) in
    (e = 0 -> normalised (k * x) = normalised x) /\
    (0 < e -> normalised (k * x) = normalised x -> k = 1).
Proof.
  intros e k x He Hk Hx normalised.
  assert (Hkx : 0 < k * x) by (apply Rmult_lt_0_compat; assumption).
  assert (Hpos : forall y, 0 < y -> 0 < y * y / 4 + e) by (intros y Hy; nra).
  assert (Hsq : forall y, 0 < y -> normalised y * normalised y = y * y / 4 / (y * y / 4 + e)).
  { intros y Hy. unfold normalised. assert (Hr := sqrt_lt_R0 _ (Hpos y Hy)).
    replace (y / 2 / sqrt (y * y / 4 + e) * (y / 2 / sqrt (y * y / 4 + e)))
      with (y * y / 4 / (sqrt (y * y / 4 + e) * sqrt (y * y / 4 + e))) by (field; lra).
    rewrite sqrt_sqrt; [reflexivity|]. left. apply Hpos. exact Hy. }
  split.
  - intros ->. assert (Hform : forall y, 0 < y -> normalised y = 1).
    { intros y Hy. unfold normalised. replace (y * y / 4 + 0) with (y / 2 * (y / 2)) by field.
      rewrite sqrt_square by lra. field. lra. }
    rewrite !Hform by assumption. reflexivity.
  - intros Hepos Heq. assert (H : k * x * (k * x) / 4 / (k * x * (k * x) / 4 + e) = x * x / 4 / (x * x / 4 + e)).
    { rewrite <- !Hsq by assumption. rewrite Heq. reflexivity. }
    assert (P1 := Hpos _ Hkx). assert (P2 := Hpos _ Hx).
    apply (Rmult_eq_compat_r ((k * x * (k * x) / 4 + e) * (x * x / 4 + e))) in H.
    replace (k * x * (k * x) / 4 / (k * x * (k * x) / 4 + e) * ((k * x * (k * x) / 4 + e) * (x * x / 4 + e)))
      with (k * x * (k * x) / 4 * (x * x / 4 + e)) in H by (field; lra).
    replace (x * x / 4 / (x * x / 4 + e) * ((k * x * (k * x) / 4 + e) * (x * x / 4 + e)))
      with (x * x / 4 * (k * x * (k * x) / 4 + e)) in H by (field; lra).
    assert (Hz : (k - 1) * (k + 1) * (x * x * e) = 0) by lra.
    assert (0 < x * x * e) by (apply Rmult_lt_0_compat; nra).
    apply Rmult_integral in Hz. destruct Hz as [Hz|Hz]; [|lra]. apply Rmult_integral in Hz. lra.
Qed.
