(* S_λ(i) S_κ(i) = S_{λκ}(i), S_λ(i) S_κ(j) = S_κ(j) S_λ(i), and S_{1/λ}(i) undoes S_λ(i).

   For any degrees c of the units (1 for BiLUs). *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums activations networks.
Open Scope R_scope.

(* Scaling by L and then by K is scaling by the products; so scalings form a commutative group. *)
Theorem scalings_compose :
  forall c L K w i j,
    (forall i, 0 < L i) -> (forall i, 0 < K i) ->
    scaled_weight c K (scaled_weight c L w) i j = scaled_weight c (fun i => L i * K i) w i j /\
    scaled_weight c K (scaled_weight c L w) i j = scaled_weight c L (scaled_weight c K w) i j /\
    scaled_weight c (fun i => / L i) (scaled_weight c L w) i j = w i j /\
    scaled_weight c (fun _ => 1) w i j = w i j.
Proof.
  intros c L K w i j HL HK. unfold scaled_weight.
  assert (0 < Rpower (L j) (c j)) by apply exp_pos.
  assert (0 < Rpower (K j) (c j)) by apply exp_pos.
  assert (HLi := HL i). assert (HKi := HK i).
  rewrite Rpower_one, <- Rpower_mult_distr by auto.
  replace (Rpower (/ L j) (c j)) with (/ Rpower (L j) (c j)).
  - repeat split; field; lra.
  - unfold Rpower. rewrite ln_Rinv, <- exp_Ropp by auto. f_equal. ring.
Qed.

Theorem scaling_group :
  forall (c : nat -> R) (w : nat -> nat -> R) (a b : nat) (l k : R),
    0 < l -> 0 < k ->
    let S := fun i m => scaled_weight c (single i m) in
    forall i j,
      S a k (S a l w) i j = S a (l * k) w i j /\
      S b k (S a l w) i j = S a l (S b k w) i j /\
      S a (/ l) (S a l w) i j = w i j.
Proof.
  intros c w a b l k Hl Hk S i j.
  assert (Hpos : forall a m, 0 < m -> forall i, 0 < single a m i).
  { intros a' m Hm i'. unfold single. destruct (Nat.eqb i' a'); lra. }
  destruct (scalings_compose c (single a l) (single a k) w i j (Hpos a l Hl) (Hpos a k Hk)) as (Hsame & _).
  destruct (scalings_compose c (single a l) (single b k) w i j (Hpos a l Hl) (Hpos b k Hk)) as (_ & Hcommute & Hinverse & _).
  unfold S. split; [|split].
  - rewrite Hsame. unfold scaled_weight, single. destruct (Nat.eqb i a), (Nat.eqb j a); rewrite ?Rmult_1_r; reflexivity.
  - exact Hcommute.
  - rewrite <- Hinverse. unfold scaled_weight, single. destruct (Nat.eqb i a), (Nat.eqb j a); rewrite ?Rinv_1; reflexivity.
Qed.
