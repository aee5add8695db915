(* Gradient descent on E alone need not converge to balance, and need not keep it.

   Linear units, which are BiLUs; the loss is half the squared error. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums activations networks gradients learning.
Open Scope R_scope.

Definition square (x : R) : R := x * x.

(* x -> a -> y: units 0, 1, 2, input 1, target 1. *)
Definition chain_error : (nat -> R) -> R :=
  objective 3 (fun i => Nat.eqb i 0) (fun _ x => x) 2 (fun k => k) S
    (fun y => square (y 0%nat 3%nat 2%nat - 1) / 2) (fun _ _ _ => 1) (fun _ _ => 0).

(* u, v -> a -> y: units 0, 1, 2, 3, inputs 1 and 0, target 14; synapses u -> a, v -> a, a -> y. *)
Definition joining_error : (nat -> R) -> R :=
  objective 4 (fun i => Nat.ltb i 2) (fun _ x => x) 3 (fun k => k) (fun k => match k with 2%nat => 3%nat | _ => 2%nat end)
    (fun y => square (y 0%nat 3%nat 3%nat - 14) / 2) (fun _ _ i => match i with 0%nat => 1 | _ => 0 end) (fun _ _ => 0).

Lemma chain_error_form : forall w, chain_error w = square (w 0%nat * w 1%nat - 1) / 2.
Proof. intros w. unfold chain_error, objective. repeat (simpl; unfold step). unfold square. simpl. field. Qed.

Lemma joining_error_form : forall w, joining_error w = square (w 0%nat * w 2%nat - 14) / 2.
Proof. intros w. unfold joining_error, objective. repeat (simpl; unfold step). unfold square. simpl. field. Qed.

(* Linear part z, remainder z²/2 + r, for z and r small of first and second order in s. *)
Lemma small_remainder :
  forall e s z r, 0 < e -> 0 <= s -> s <= e / 20 -> Rabs z <= 6 * s -> Rabs r <= s * s -> Rabs (r + z * z / 2) <= e * s.
Proof.
  intros e s z r He Hs Hse Hz Hr. apply Rle_trans with (1 := Rabs_triang _ _).
  assert (Hzz : Rabs (z * z / 2) <= 18 * (s * s)).
  { unfold Rdiv. rewrite !Rabs_mult, (Rabs_right (/ 2)) by lra.
    assert (H := Rabs_pos z). assert (Rabs z * Rabs z <= 6 * s * (6 * s)) by (apply Rmult_le_compat; lra). lra. }
  assert (19 * (s * s) <= e * s) by nra. lra.
Qed.

Theorem descent_leaves_balance :
  (* At the weights 2 and 1/2 of the chain the gradient is 0, and the unit is not balanced. *)
  (forall w, w 0%nat = 2 -> w 1%nat = 1 / 2 ->
     gradient 2 chain_error w (fun _ => 0) /\
     sum_where 2 (incoming (fun k => k) S 1) (fun k => square (w k)) = 4 /\
     sum_where 2 (outgoing (fun k => k) S 1) (fun k => square (w k)) = 1 / 4) /\
  (* At the weights 3, 4 and 5 the unit is balanced; one step of size 1/10 takes it out of balance by 4/25. *)
  (let to := fun k => match k with 2%nat => 3%nat | _ => 2%nat end in
   let w := fun k => match k with 0%nat => 3 | 1%nat => 4 | _ => 5 end in
   let g := fun k => match k with 0%nat => 5 | 1%nat => 0 | _ => 3 end in
   let difference := fun v : nat -> R =>
     sum_where 3 (incoming (fun k => k) to 2) (fun k => square (v k)) - sum_where 3 (outgoing (fun k => k) to 2) (fun k => square (v k)) in
   gradient 3 joining_error w g /\ difference w = 0 /\ difference (fun k => w k - 1 / 10 * g k) = 4 / 25).
Proof.
  split.
  - intros w Hu Hv. split; [|unfold sum_where, square; simpl; rewrite Hu, Hv; split; field].
    intros e He. exists (Rmin 1 (e / 40)). split; [apply Rmin_pos; lra|]. intros u Hnear.
    assert (H0 := Hnear 0%nat ltac:(lia)). assert (H1 := Hnear 1%nat ltac:(lia)).
    assert (M1 := Rmin_l 1 (e / 40)). assert (M2 := Rmin_r 1 (e / 40)).
    rewrite !chain_error_form. simpl. rewrite Hu, Hv in *.
    set (a := u 0%nat - 2) in *. set (b := u 1%nat - 1 / 2) in *.
    assert (Ha := Rabs_pos a). assert (Hb := Rabs_pos b).
    replace (square (u 0%nat * u 1%nat - 1) / 2 - square (2 * (1 / 2) - 1) / 2 - (0 + 0 * a + 0 * b))
      with (0 + (1 / 2 * a + 2 * b + a * b) * (1 / 2 * a + 2 * b + a * b) / 2) by (unfold square, a, b; field).
    apply small_remainder; try lra.
    + assert (T1 := Rabs_triang (1 / 2 * a + 2 * b) (a * b)). assert (T2 := Rabs_triang (1 / 2 * a) (2 * b)).
      rewrite !Rabs_mult in T2. rewrite Rabs_mult in T1. rewrite (Rabs_right (1 / 2)), (Rabs_right 2) in T2 by lra. nra.
    + rewrite Rabs_R0. nra.
  - intros to w g difference. split; [|unfold difference, sum_where, square; simpl; split; field].
    intros e He. exists (Rmin 1 (e / 60)). split; [apply Rmin_pos; lra|]. intros u Hnear.
    assert (H0 := Hnear 0%nat ltac:(lia)). assert (H1 := Hnear 1%nat ltac:(lia)). assert (H2 := Hnear 2%nat ltac:(lia)).
    assert (M1 := Rmin_l 1 (e / 60)). assert (M2 := Rmin_r 1 (e / 60)).
    rewrite !joining_error_form. unfold w, g in *. simpl.
    set (a := u 0%nat - 3) in *. set (b := u 1%nat - 4) in *. set (c := u 2%nat - 5) in *.
    assert (Ha := Rabs_pos a). assert (Hb := Rabs_pos b). assert (Hc := Rabs_pos c).
    replace (square (u 0%nat * u 2%nat - 14) / 2 - square (3 * 5 - 14) / 2 - (0 + 5 * a + 0 * b + 3 * c))
      with (a * c + (5 * a + 3 * c + a * c) * (5 * a + 3 * c + a * c) / 2) by (unfold square, a, c; field).
    apply small_remainder; try lra.
    + assert (T1 := Rabs_triang (5 * a + 3 * c) (a * c)). assert (T2 := Rabs_triang (5 * a) (3 * c)).
      rewrite !Rabs_mult in T2. rewrite Rabs_mult in T1. rewrite (Rabs_right 5), (Rabs_right 3) in T2 by lra. nra.
    + rewrite Rabs_mult. nra.
Qed.
