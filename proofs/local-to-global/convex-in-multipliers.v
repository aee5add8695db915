(* In the multipliers Λ themselves, not their logarithms, R is convex for p >= 1 if no non-zero synapse joins two hidden units, as with one
   hidden layer. If one does it need not be: for the chain x -> a -> b -> y of costs 1 under L_2 it is not.

   Each synapse costs a constant, or c Λ^p, or c Λ^-p, if at most one end is hidden. *)

From Coq Require Import Reals List Lra.
From Synbal Require Import balancing_problem.
Import ListNotations.
Open Scope R_scope.

(* What lies above its tangents is convex. *)
Lemma power_above_tangent : forall p x y, 1 <= p -> 0 < x -> 0 < y -> Rpower y p + p * Rpower y (p - 1) * (x - y) <= Rpower x p.
Proof.
  intros p x y Hp Hx Hy.
  (* the exponential at the mean of p ln y, p - 1 times, and p ln x, once *)
  set (u := p * ln y). set (v := p * ln x). set (mid := (p - 1) * ln y + ln x).
  assert (T : forall a, exp mid + exp mid * (a - mid) <= exp a).
  { intros a. replace a with (mid + (a - mid)) at 2 by ring. rewrite exp_plus. assert (E := exp_pos mid).
    assert (H := exp_ineq1_le (a - mid)). nra. }
  assert (T1 := T u). assert (T2 := T v).
  assert (Hmean : (p - 1) * (u - mid) + (v - mid) = 0) by (unfold u, v, mid; ring).
  apply (Rmult_le_compat_l (p - 1)) in T1; [|lra].
  assert (Hyoung : p * exp mid <= (p - 1) * exp u + exp v).
  { assert ((p - 1) * (exp mid * (u - mid)) + exp mid * (v - mid) = 0).
    { replace ((p - 1) * (exp mid * (u - mid)) + exp mid * (v - mid)) with (exp mid * ((p - 1) * (u - mid) + (v - mid))) by ring. rewrite Hmean. ring. }
    lra. }
  assert (Emid : exp mid = Rpower y (p - 1) * x) by (unfold mid, Rpower; rewrite exp_plus, exp_ln by exact Hx; reflexivity).
  assert (Eu : exp u = Rpower y (p - 1) * y).
  { unfold u, Rpower. replace (p * ln y) with ((p - 1) * ln y + ln y) by ring. rewrite exp_plus, exp_ln by exact Hy. reflexivity. }
  assert (Ev : Rpower x p = exp v) by reflexivity. assert (Ey : Rpower y p = exp u) by reflexivity.
  rewrite Ev, Ey, Eu. rewrite Emid, Eu in Hyoung. lra.
Qed.

Lemma inverse_power_above_tangent : forall p x y, 0 < p -> 0 < x -> 0 < y ->
  Rpower y (- p) - p * (Rpower y (- p) / y) * (x - y) <= Rpower x (- p).
Proof.
  intros p x y Hp Hx Hy.
  assert (Hq : 0 < x / y) by (apply Rdiv_lt_0_compat; assumption).
  assert (E : Rpower x (- p) = Rpower y (- p) * exp (- p * ln (x / y))).
  { unfold Rpower. rewrite <- exp_plus. f_equal. unfold Rdiv. rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; assumption). ring. }
  rewrite E. assert (P : 0 < Rpower y (- p)) by apply exp_pos.
  assert (H1 := exp_ineq1_le (- p * ln (x / y))).
  assert (H2 : ln (x / y) <= x / y - 1).
  { assert (H := exp_ineq1_le (ln (x / y))). rewrite exp_ln in H by exact Hq. lra. }
  replace (p * (Rpower y (- p) / y) * (x - y)) with (Rpower y (- p) * (p * (x / y - 1))) by (field; lra).
  assert (H3 : p * ln (x / y) <= p * (x / y - 1)) by (apply Rmult_le_compat_l; lra).
  assert (H4 : 1 - p * (x / y - 1) <= exp (- p * ln (x / y))) by lra.
  apply (Rmult_le_compat_l (Rpower y (- p))) in H4; lra.
Qed.

(* A synapse of cost c with the exponent +1, -1 or 0 of its one hidden unit, if any. *)
Inductive sign := rises | falls | stays.
Record synapse := Synapse { unit : nat; direction : sign; price : R }.

Definition factor (p : R) (d : sign) (l : R) : R := match d with rises => Rpower l p | falls => Rpower l (- p) | stays => 1 end.

Definition whole (p : R) (l : list synapse) (L : nat -> R) : R := sum_over l (fun e => price e * factor p (direction e) (L (unit e))).

Lemma factor_convex : forall p d x y t, 1 <= p -> 0 < x -> 0 < y -> 0 <= t <= 1 ->
  factor p d ((1 - t) * x + t * y) <= (1 - t) * factor p d x + t * factor p d y.
Proof.
  intros p d x y t Hp Hx Hy Ht. set (z := (1 - t) * x + t * y).
  assert (Hz : 0 < z).
  { unfold z. destruct (Req_dec t 0) as [->|Hne]; [lra|]. assert (0 < t * y) by (apply Rmult_lt_0_compat; lra). assert (0 <= (1 - t) * x) by (apply Rmult_le_pos; lra). lra. }
  assert (Hmean : (1 - t) * (x - z) + t * (y - z) = 0) by (unfold z; ring).
  destruct d; simpl.
  - assert (T1 := power_above_tangent p x z Hp Hx Hz). assert (T2 := power_above_tangent p y z Hp Hy Hz).
    apply (Rmult_le_compat_l (1 - t)) in T1; [|lra]. apply (Rmult_le_compat_l t) in T2; [|lra]. set (s := p * Rpower z (p - 1)) in *.
    assert ((1 - t) * (s * (x - z)) + t * (s * (y - z)) = 0).
    { replace ((1 - t) * (s * (x - z)) + t * (s * (y - z))) with (s * ((1 - t) * (x - z) + t * (y - z))) by ring. rewrite Hmean. ring. } lra.
  - assert (T1 := inverse_power_above_tangent p x z ltac:(lra) Hx Hz). assert (T2 := inverse_power_above_tangent p y z ltac:(lra) Hy Hz).
    apply (Rmult_le_compat_l (1 - t)) in T1; [|lra]. apply (Rmult_le_compat_l t) in T2; [|lra]. set (s := p * (Rpower z (- p) / z)) in *.
    assert ((1 - t) * (s * (x - z)) + t * (s * (y - z)) = 0).
    { replace ((1 - t) * (s * (x - z)) + t * (s * (y - z))) with (s * ((1 - t) * (x - z) + t * (y - z))) by ring. rewrite Hmean. ring. } lra.
  - lra.
Qed.

(* The chain x -> a -> b -> y under L_2, costs 1. *)
Definition chain (a b : R) : R := a ^ 2 + b ^ 2 / a ^ 2 + / b ^ 2.

Theorem convex_in_multipliers :
  (forall p l, 1 <= p -> (forall e, In e l -> 0 <= price e) ->
     forall L M t, (forall i, 0 < L i) -> (forall i, 0 < M i) -> 0 <= t <= 1 ->
       whole p l (fun i => (1 - t) * L i + t * M i) <= (1 - t) * whole p l L + t * whole p l M) /\
  (* The value half way between (1/10, 2) and (1/5, 8) is above the mean of theirs. *)
  chain ((1 / 10 + 1 / 5) / 2) ((2 + 8) / 2) = (chain (1 / 10) 2 + chain (1 / 5) 8) / 2 + 639451 / 5760.
Proof.
  split; [|unfold chain; field].
  intros p l Hp Hl L M t HL HM Ht. unfold whole. rewrite <- !sum_over_scale, <- sum_over_plus. apply sum_over_le. intros e He.
  assert (H := factor_convex p (direction e) (L (unit e)) (M (unit e)) t Hp (HL _) (HM _) Ht).
  apply (Rmult_le_compat_l (price e)) in H; [|apply Hl; exact He]. lra.
Qed.
