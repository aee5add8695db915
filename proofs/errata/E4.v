(* By the definition of IN and OUT, all synapses into and out of a unit, a self-connection counts in both sums of λ*. (No sentence was
   found that counts it.)

   Corrected: With the self-connection in neither sum. The condition of balance is the same either way; with it in both, the step goes in the
   right direction, is too short, and has the same fixed points. For a BiPU the self-connection scales by λ^(1-c).

   In cost space, the self-connection costing s: the step is sqrt(B/A), the printed one sqrt((B + s)/(A + s)). That the self-connection of
   a BiLU keeps its weight, and that of a BiPU of degree c is multiplied by λ^(1-c), is in only_one_unit. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import activations networks scaling_invariance thm_3_1_lp.
Open Scope R_scope.

(* What the unit costs at the multiplier mu of costs. *)
Definition total (A B s mu : R) : R := mu * A + B / mu + s.

Theorem E4 :
  forall A B s, 0 < A -> 0 < B -> 0 < s ->
    let best := sqrt (B / A) in
    let printed := sqrt ((B + s) / (A + s)) in
    (* The step without the self-connection is optimal. *)
    (forall mu, 0 < mu -> total A B s best <= total A B s mu) /\
    (* The condition of balance is the same. *)
    (A + s = B + s <-> A = B) /\
    (* The printed step lies between 1 and the optimum, strictly unless the unit is balanced, and then it is 1. *)
    (A < B -> 1 < printed < best) /\ (B < A -> best < printed < 1) /\ (A = B -> printed = 1 /\ best = 1) /\
    (* So it is not optimal unless the unit is balanced. *)
    (A <> B -> total A B s best < total A B s printed).
Proof.
  intros A B s HA HB Hs best printed.
  assert (HBA : 0 < B / A) by (apply Rdiv_lt_0_compat; lra).
  assert (Hbest : 0 < best) by (apply sqrt_lt_R0; exact HBA).
  assert (Hsq : best * best = B / A) by (apply sqrt_sqrt; lra).
  assert (Hmin : forall mu, 0 < mu -> total A B s best <= total A B s mu).
  { intros mu Hmu. unfold total. destruct (balance_minimises A B best HA HB Hbest) as (_ & Hiff).
    destruct (balance_minimises A B mu HA HB Hmu) as (Hle & _).
    assert (E : best * A + B / best = 2 * sqrt (A * B)) by (apply Hiff; exact Hsq). lra. }
  assert (Hlt : forall a b c d, 0 < b -> 0 < d -> a * d < c * b -> a / b < c / d).
  { intros a b c d Hb Hd H. apply (Rmult_lt_reg_r (b * d)); [nra|].
    replace (a / b * (b * d)) with (a * d) by (field; lra). replace (c / d * (b * d)) with (c * b) by (field; lra). exact H. }
  assert (Hup : A < B -> 1 < printed < best).
  { intros H. rewrite <- sqrt_1. split; apply sqrt_lt_1_alt; split; try lra.
    - replace 1 with (1 / 1) by field. apply Hlt; lra.
    - left. apply Rdiv_lt_0_compat; lra.
    - apply Hlt; nra. }
  assert (Hdown : B < A -> best < printed < 1).
  { intros H. rewrite <- sqrt_1. split; apply sqrt_lt_1_alt; split; try lra.
    - apply Hlt; nra.
    - left. apply Rdiv_lt_0_compat; lra.
    - replace 1 with (1 / 1) by field. apply Hlt; lra. }
  split; [exact Hmin|]. split; [split; lra|]. split; [exact Hup|]. split; [exact Hdown|]. split.
  - intros E. unfold printed, best. rewrite E. replace ((B + s) / (B + s)) with 1 by (field; lra).
    replace (B / B) with 1 by (field; lra). split; apply sqrt_1.
  - intros Hne. assert (Hprinted : 0 < printed) by (apply sqrt_lt_R0; apply Rdiv_lt_0_compat; lra).
    destruct (Hmin printed Hprinted) as [|Heq]; [assumption|exfalso].
    destruct (balance_minimises A B printed HA HB Hprinted) as (_ & Hiff).
    destruct (balance_minimises A B best HA HB Hbest) as (_ & Hiff').
    assert (E : best * A + B / best = 2 * sqrt (A * B)) by (apply Hiff'; exact Hsq).
    unfold total in Heq. assert (Hp : printed * printed = B / A) by (apply Hiff; lra).
    assert (Hp' : printed = best).
    { apply Rsqr_inj; [lra|lra|]. unfold Rsqr. lra. }
    destruct (Rtotal_order A B) as [H|[H|H]]; [|contradiction|]; [specialize (Hup H)|specialize (Hdown H)]; lra.
Qed.

(* Costs 1 in, 16 out and 4 to itself: the optimum is 4 with R = 12, the printed step 2 with R = 14. *)
Theorem printed_step_is_too_short :
  sqrt (16 / 1) = 4 /\ total 1 16 4 4 = 12 /\ sqrt ((16 + 4) / (1 + 4)) = 2 /\ total 1 16 4 2 = 14.
Proof.
  unfold total. repeat split; try field.
  - replace (16 / 1) with (4 * 4) by field. apply sqrt_square. lra.
  - replace ((16 + 4) / (1 + 4)) with (2 * 2) by field. apply sqrt_square. lra.
Qed.
