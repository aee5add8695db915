(* Costs of at most two variables each, with exponents ±1, become those of an ordinary problem when each variable is taken twice, once as x
   and once as -x, and each cost twice, so that every copy rises in one and falls in one: its minimum is twice that of the problem and
   attained if and only if that is, μ = sqrt(v+/v-), and comparison holds there.

   Variables are 0, ..., n-1, and their copies 2 i for x_i and 2 i + 1 for -x_i. A cost of one variable has any other number, of a variable
   that stays 0, for its second one. In logarithms, μ = sqrt(v+/v-) says half the difference. *)

From Coq Require Import Reals List Arith Bool Lra Lia.
From Synbal Require Import balancing_problem convexity minima comparison_principle.
Import ListNotations.
Open Scope R_scope.

(* price times exp (± x_one ± x_other); true stands for +. *)
Record pair_cost := PairCost { price : R; one : nat; rises_in_one : bool; other : nat; rises_in_other : bool }.

Definition signed (rises : bool) (x : R) : R := if rises then x else - x.

Definition exponent_of (x : nat -> R) (e : pair_cost) : R := signed (rises_in_one e) (x (one e)) + signed (rises_in_other e) (x (other e)).

Definition sum_of_costs (l : list pair_cost) (x : nat -> R) : R := sum_over l (fun e => price e * exp (exponent_of x e)).

(* Only the variables may move. *)
Definition allowed (n : nat) (x : nat -> R) : Prop := forall i, (n <= i)%nat -> x i = 0.

Definition least (n : nat) (l : list pair_cost) (x : nat -> R) : Prop :=
  allowed n x /\ forall y, allowed n y -> sum_of_costs l x <= sum_of_costs l y.

(* The copy that stands for x_i or for -x_i; the ground for what is no variable. *)
Definition copy (n : nat) (plus : bool) (i : nat) : nat := if (i <? n)%nat then (if plus then 2 * i else 2 * i + 1)%nat else (2 * n)%nat.

Definition copies (n : nat) (e : pair_cost) : list term :=
  [Term (copy n (negb (rises_in_other e)) (other e)) (copy n (rises_in_one e) (one e)) (price e) 1 1;
   Term (copy n (negb (rises_in_one e)) (one e)) (copy n (rises_in_other e) (other e)) (price e) 1 1].

Definition cover (n : nat) (l : list pair_cost) : problem := Problem (seq 0 (2 * n)) (flat_map (copies n) l).

(* From the problem to its cover and back. *)
Definition doubled (n : nat) (x : nat -> R) (u : nat) : R :=
  if (u <? 2 * n)%nat then (if Nat.even u then x (u / 2)%nat else - x (u / 2)%nat) else 0.
Definition halved (n : nat) (z : nat -> R) (i : nat) : R := if (i <? n)%nat then (z (2 * i)%nat - z (2 * i + 1)%nat) / 2 else 0.

Lemma doubled_copy : forall n x plus i, allowed n x -> doubled n x (copy n plus i) = signed plus (x i).
Proof.
  intros n x plus i Hx. unfold copy, doubled. destruct (Nat.ltb_spec i n) as [Hi|Hi].
  - destruct plus.
    + destruct (Nat.ltb_spec (2 * i) (2 * n)); [|lia].
      replace (Nat.even (2 * i)) with true by (symmetry; apply Nat.even_spec; exists i; reflexivity).
      replace (2 * i / 2)%nat with i by (apply (Nat.div_unique (2 * i) 2 i 0); lia). reflexivity.
    + destruct (Nat.ltb_spec (2 * i + 1) (2 * n)); [|lia].
      replace (Nat.even (2 * i + 1)) with false
        by (rewrite <- Nat.negb_odd, (proj2 (Nat.odd_spec (2 * i + 1))); [reflexivity|exists i; reflexivity]).
      replace ((2 * i + 1) / 2)%nat with i by (apply (Nat.div_unique (2 * i + 1) 2 i 1); lia). reflexivity.
  - destruct (Nat.ltb_spec (2 * n) (2 * n)); [lia|]. rewrite (Hx i Hi). destruct plus; simpl; ring.
Qed.

Lemma halved_copy : forall n z i, potential (cover n []) z -> z (copy n true i) - z (copy n false i) = 2 * halved n z i.
Proof.
  intros n z i Hz. unfold copy, halved. destruct (Nat.ltb_spec i n) as [Hi|Hi]; [field|].
  rewrite Hz; [ring|]. simpl. rewrite in_seq. lia.
Qed.

Lemma difference_of_copies : forall n z plus i, potential (cover n []) z ->
  z (copy n plus i) - z (copy n (negb plus) i) = 2 * signed plus (halved n z i).
Proof. intros n z plus i Hz. assert (H := halved_copy n z i Hz). destruct plus; simpl; lra. Qed.

Lemma cover_total : forall n l z, total (cover n l) z = sum_over l (fun e => sum_over (copies n e) (term_at z)).
Proof.
  intros n l z. unfold total, cover. simpl. induction l as [|e l IH]; [reflexivity|]. simpl flat_map. simpl sum_over. simpl in IH. rewrite <- IH. ring.
Qed.

Lemma doubled_total : forall n l x, allowed n x -> total (cover n l) (doubled n x) = 2 * sum_of_costs l x.
Proof.
  intros n l x Hx. rewrite cover_total. unfold sum_of_costs. rewrite <- sum_over_scale. apply sum_over_ext. intros e _.
  unfold copies, term_at, slope, exponent_of. simpl. rewrite !doubled_copy by exact Hx.
  assert (Hneg : forall p v, signed (negb p) v = - signed p v) by (intros [|] v; simpl; ring). rewrite !Hneg.
  replace (1 * signed (rises_in_one e) (x (one e)) - 1 * - signed (rises_in_other e) (x (other e)))
    with (signed (rises_in_one e) (x (one e)) + signed (rises_in_other e) (x (other e))) by ring.
  replace (1 * signed (rises_in_other e) (x (other e)) - 1 * - signed (rises_in_one e) (x (one e)))
    with (signed (rises_in_one e) (x (one e)) + signed (rises_in_other e) (x (other e))) by ring. ring.
Qed.

Lemma halved_total : forall n l z, (forall e, In e l -> 0 <= price e) -> potential (cover n l) z ->
  2 * sum_of_costs l (halved n z) <= total (cover n l) z.
Proof.
  intros n l z Hl Hz. assert (Hz0 : potential (cover n []) z) by (intros i Hi; apply Hz; exact Hi).
  rewrite cover_total. unfold sum_of_costs. rewrite <- sum_over_scale. apply sum_over_le. intros e He. specialize (Hl e He).
  unfold copies, term_at, slope. simpl.
  set (a := 1 * z (copy n (rises_in_one e) (one e)) - 1 * z (copy n (negb (rises_in_other e)) (other e))).
  set (b := 1 * z (copy n (rises_in_other e) (other e)) - 1 * z (copy n (negb (rises_in_one e)) (one e))).
  assert (Hmid : exponent_of (halved n z) e = (a + b) / 2).
  { assert (H1 := difference_of_copies n z (rises_in_one e) (one e) Hz0).
    assert (H2 := difference_of_copies n z (rises_in_other e) (other e) Hz0). unfold exponent_of, a, b. lra. }
  rewrite Hmid. set (m := (a + b) / 2). assert (E1 := exp_convex m a). assert (E2 := exp_convex m b).
  assert (2 * exp m <= exp a + exp b).
  { assert (exp m * (a - m) + exp m * (b - m) = 0) by (unfold m; field). lra. }
  nra.
Qed.

Lemma doubled_potential : forall n l x, potential (cover n l) (doubled n x).
Proof. intros n l x i Hi. unfold doubled. simpl in Hi. rewrite in_seq in Hi. destruct (Nat.ltb_spec i (2 * n)); [lia|reflexivity]. Qed.

Lemma halved_allowed : forall n z, allowed n (halved n z).
Proof. intros n z i Hi. unfold halved. destruct (Nat.ltb_spec i n); [lia|reflexivity]. Qed.

Lemma cover_well_formed : forall n l, (forall e, In e l -> 0 <= price e) -> plain (cover n l) /\ well_formed (cover n l).
Proof.
  intros n l Hl. split.
  - intros t Ht. simpl in Ht. apply in_flat_map in Ht. destruct Ht as (e & _ & [<-|[<-|[]]]); split; reflexivity.
  - split; [apply seq_NoDup|]. intros t Ht. simpl in Ht. apply in_flat_map in Ht. destruct Ht as (e & He & Ht). specialize (Hl e He).
    destruct Ht as [<-|[<-|[]]]; unfold well_formed_term; simpl; repeat split; lra.
Qed.

Theorem double_cover : forall n l, (forall e, In e l -> 0 <= price e) ->
  let Q := cover n l in
  (* An ordinary problem; so comparison holds wherever non-zero costs join all copies to the ground. *)
  plain Q /\ well_formed Q /\
  (forall mu best, all_grounded Q -> multipliers Q mu -> balanced Q best ->
     ((forall u, In u (hidden Q) -> input_cost Q mu u <= output_cost Q mu u) -> forall u, mu u <= best u) /\
     ((forall u, In u (hidden Q) -> output_cost Q mu u <= input_cost Q mu u) -> forall u, best u <= mu u)) /\
  (* A minimum of the problem, doubled, is one of the cover, of twice the value. *)
  (forall x, least n l x -> minimum Q (exp_of (doubled n x)) /\ regularizer Q (exp_of (doubled n x)) = 2 * sum_of_costs l x) /\
  (* A minimum of the cover gives one of the problem: half of ln v+ - ln v-. *)
  (forall v, minimum Q v ->
     let x i := if (i <? n)%nat then ln (sqrt (v (2 * i)%nat / v (2 * i + 1)%nat)) else 0 in
     least n l x /\ regularizer Q v = 2 * sum_of_costs l x) /\
  (attained Q <-> exists x, least n l x).
Proof.
  intros n l Hl Q. destruct (cover_well_formed n l Hl) as (Hp & Hwf).
  assert (Hforth : forall x, least n l x -> minimum Q (exp_of (doubled n x)) /\ regularizer Q (exp_of (doubled n x)) = 2 * sum_of_costs l x).
  { intros x (Hx & Hmin). rewrite total_of_exp. unfold Q. rewrite doubled_total by exact Hx. split; [|reflexivity].
    split; [apply multipliers_exp, doubled_potential|]. intros mu Hmu. rewrite total_of_exp, doubled_total, regularizer_log by exact Hx.
    apply Rle_trans with (2 := halved_total n l (log_of mu) Hl (potential_log _ mu Hmu)).
    apply Rmult_le_compat_l; [lra|]. apply Hmin, halved_allowed. }
  assert (Hback : forall v, minimum Q v ->
    let x i := if (i <? n)%nat then ln (sqrt (v (2 * i)%nat / v (2 * i + 1)%nat)) else 0 in
    least n l x /\ regularizer Q v = 2 * sum_of_costs l x).
  { intros v (Hv & Hmin) x.
    assert (Ex : forall i, x i = halved n (log_of v) i).
    { intros i. unfold x, halved, log_of. destruct (i <? n)%nat; [|reflexivity]. assert (P1 := proj1 Hv (2 * i)%nat). assert (P2 := proj1 Hv (2 * i + 1)%nat).
      rewrite <- Rpower_sqrt by (apply Rdiv_lt_0_compat; assumption). unfold Rpower. rewrite ln_exp. unfold Rdiv at 1.
      rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; assumption). field. }
    assert (Esum : sum_of_costs l x = sum_of_costs l (halved n (log_of v))).
    { apply sum_over_ext. intros e _. unfold exponent_of. rewrite !Ex. reflexivity. }
    assert (Hle : 2 * sum_of_costs l x <= regularizer Q v).
    { rewrite Esum, regularizer_log. apply halved_total; [exact Hl|]. apply (potential_log Q v Hv). }
    assert (Hbest : forall y, allowed n y -> regularizer Q v <= 2 * sum_of_costs l y).
    { intros y Hy. rewrite <- (doubled_total n l y Hy), <- total_of_exp. apply Hmin. apply multipliers_exp, doubled_potential. }
    assert (Hx : allowed n x) by (intros i Hi; rewrite Ex; apply halved_allowed; exact Hi).
    split; [split; [exact Hx|]|].
    - intros y Hy. specialize (Hbest y Hy). lra.
    - specialize (Hbest x Hx). lra. }
  split; [exact Hp|]. split; [exact Hwf|]. split; [intros mu best; apply comparison_principle; exact Hwf|].
  split; [exact Hforth|]. split; [exact Hback|]. split.
  - intros (v & Hv). eexists. apply (Hback v Hv).
  - intros (x & Hx). exists (exp_of (doubled n x)). apply Hforth. exact Hx.
Qed.
