(* If costs rise in two multipliers at once, as those of a query and of a key under one gain do, multipliers with A <= B everywhere can lie
   above the balanced ones.

   Here: e^(x-y) + 16 e^(-x-y) + 2 e^y, in the multipliers m = exp x and n = exp y. *)

From Coq Require Import Reals Lra.
Open Scope R_scope.

Definition total (m n : R) : R := m / n + 16 / (m * n) + 2 * n.

(* What rises in m and n, and what falls. *)
Definition rises_in_m (m n : R) : R := m / n.
Definition falls_in_m (m n : R) : R := 16 / (m * n).
Definition rises_in_n (m n : R) : R := 2 * n.
Definition falls_in_n (m n : R) : R := m / n + 16 / (m * n).

Theorem odd_cycle :
  (* The balanced multipliers are 4 and 2, where the one minimum is. *)
  rises_in_m 4 2 = falls_in_m 4 2 /\ rises_in_n 4 2 = falls_in_n 4 2 /\ total 4 2 = 8 /\
  (forall m n, 0 < m -> 0 < n -> 8 <= total m n /\ (total m n = 8 -> m = 4 /\ n = 2)) /\
  (* 1 and 2.9 pass A <= B at both, and 2.9 is above 2. *)
  rises_in_m 1 (29 / 10) <= falls_in_m 1 (29 / 10) /\ rises_in_n 1 (29 / 10) <= falls_in_n 1 (29 / 10) /\ 2 < 29 / 10.
Proof.
  unfold total, rises_in_m, falls_in_m, rises_in_n, falls_in_n.
  split; [field|]. split; [field|]. split; [field|]. split; [|lra].
  intros m n Hm Hn.
  assert (Hmn : 0 < m * n) by (apply Rmult_lt_0_compat; assumption).
  assert (E : m / n + 16 / (m * n) + 2 * n - 8 = (m - 4) * (m - 4) / (m * n) + 2 * ((n - 2) * (n - 2)) / n) by (field; lra).
  assert (P1 : 0 <= (m - 4) * (m - 4) / (m * n)) by (apply Rle_mult_inv_pos; [apply Rle_0_sqr|exact Hmn]).
  assert (S2 := Rle_0_sqr (n - 2)). unfold Rsqr in S2.
  assert (P2 : 0 <= 2 * ((n - 2) * (n - 2)) / n) by (apply Rle_mult_inv_pos; [lra|exact Hn]).
  split; [lra|]. intros H.
  assert (Z1 : (m - 4) * (m - 4) / (m * n) = 0) by lra. assert (Z2 : 2 * ((n - 2) * (n - 2)) / n = 0) by lra.
  apply (Rmult_eq_compat_r (m * n)) in Z1. unfold Rdiv in Z1. rewrite Rmult_assoc, Rinv_l, Rmult_1_r, Rmult_0_l in Z1 by lra.
  apply (Rmult_eq_compat_r n) in Z2. unfold Rdiv in Z2. rewrite Rmult_assoc, Rinv_l, Rmult_1_r, Rmult_0_l in Z2 by lra.
  apply Rmult_integral in Z1. assert (Z3 : (n - 2) * (n - 2) = 0) by lra. apply Rmult_integral in Z3. lra.
Qed.
