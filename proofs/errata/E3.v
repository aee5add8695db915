(* Homogeneity of degree c means f(x) = C x^c for x >= 0 and D x^c for x < 0, with C = f(1) and D = f(-1).

   Corrected: D |x|^c for x < 0. At 0: f(0) = 0 for c != 0 (for c < 0 the first branch is x > 0), and any value for c = 0.

   The correction is prop_2_3. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import activations prop_2_3.
Open Scope R_scope.

Definition absolute_cube (x : R) : R := Rabs x ^ 3.

Lemma absolute_cube_homogeneous : homogeneous 3 absolute_cube.
Proof.
  intros l x Hl. unfold absolute_cube. rewrite Rabs_mult, (Rabs_right l) by lra.
  replace 3 with (INR 3) by (simpl; lra). rewrite Rpower_pow by exact Hl. ring.
Qed.

Theorem E3 :
  (* Degree 3: D x^3 has the wrong sign. *)
  homogeneous 3 absolute_cube /\ absolute_cube (-2) <> absolute_cube (-1) * (-2) ^ 3 /\
  (* Degree 1/2: x^(1/2) is no real number for x < 0. *)
  (forall x r, x < 0 -> r * r <> x) /\
  (* Degree -1: C x^c at 0, whatever it were, is the value 0. *)
  (forall f, homogeneous (-1) f -> f 0 = 0) /\
  (* What holds instead. *)
  (forall c f, homogeneous c f <-> is_bipu c f).
Proof.
  split; [apply absolute_cube_homogeneous|]. split; [|split; [|split]].
  - unfold absolute_cube. rewrite !Rabs_left by lra. simpl. lra.
  - intros x r Hx H. assert (H0 := Rle_0_sqr r). unfold Rsqr in H0. lra.
  - intros f Hf. apply prop_2_3 in Hf. destruct Hf as (C & D & _ & _ & H). apply H. lra.
  - apply prop_2_3.
Qed.
