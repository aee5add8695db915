(* The balancing problem of a network, flat, as the kernel of the program has it: hidden units and a list of terms. Every other unit
   is visible and has multiplier 1; all visible units together are the ground.

   A term is one summand of the cost of a synapse. Two terms may join the same units, so parallel synapses, convolutions and the
   several powers of a mixture are covered; units that are tied are one unit here.

     regularizer          exponents of a synapse from j to i          multipliers
     L_p                  1 and 1                                     of costs, mu = Lambda^p
     mixture of L_q       q and q for the term of power q             of weights, mu = Lambda
     unit of degree d     the source's exponent times d               either

   Exponents and costs are real, so fractional powers and degrees are covered as well; degrees must be positive. *)

From Coq Require Import Reals List Arith Lra Lia.
Import ListNotations.
Open Scope R_scope.

Record term := Term {
  source : nat;
  target : nat;
  cost : R;
  source_exponent : R;
  target_exponent : R
}.

Record problem := Problem { hidden : list nat; terms : list term }.

(* A self-connection of a unit of degree 1 is unchanged by every multiplier. That of a unit of another degree d is
   changed by mu^(1 - d): it is a term between the unit and the ground. *)
Definition well_formed_term (e : term) : Prop :=
  0 <= cost e /\ 0 < source_exponent e /\ 0 < target_exponent e /\
  (source e = target e -> source_exponent e = target_exponent e).

Definition well_formed (P : problem) : Prop :=
  NoDup (hidden P) /\ (forall e, In e (terms P) -> well_formed_term e).

(* What units of degree 1 make. *)
Definition homogeneous (P : problem) : Prop :=
  forall e, In e (terms P) -> source_exponent e = target_exponent e.

(* What L_p makes of units of degree 1: the cost of a synapse is multiplied by mu_target / mu_source. *)
Definition plain (P : problem) : Prop :=
  forall e, In e (terms P) -> source_exponent e = 1 /\ target_exponent e = 1.

Fixpoint sum_over {T : Type} (l : list T) (f : T -> R) : R :=
  match l with
  | [] => 0
  | e :: rest => f e + sum_over rest f
  end.

(* The term's cost once the units have the multipliers mu. *)
Definition cost_at (mu : nat -> R) (e : term) : R :=
  cost e * (Rpower (mu (target e)) (target_exponent e) / Rpower (mu (source e)) (source_exponent e)).

Definition regularizer (P : problem) (mu : nat -> R) : R := sum_over (terms P) (cost_at mu).

(* Self-connections belong to neither side. *)
Definition enters (i : nat) (e : term) : bool := (target e =? i) && negb (source e =? i).
Definition leaves (i : nat) (e : term) : bool := (source e =? i) && negb (target e =? i).

(* The kernel's A and B: costs weighted by the exponent at the unit. *)
Definition input_cost (P : problem) (mu : nat -> R) (i : nat) : R :=
  sum_over (terms P) (fun e => if enters i e then target_exponent e * cost_at mu e else 0).

Definition output_cost (P : problem) (mu : nat -> R) (i : nat) : R :=
  sum_over (terms P) (fun e => if leaves i e then source_exponent e * cost_at mu e else 0).

Definition multipliers (P : problem) (mu : nat -> R) : Prop :=
  (forall i, 0 < mu i) /\ (forall i, ~ In i (hidden P) -> mu i = 1).

Definition balanced (P : problem) (mu : nat -> R) : Prop :=
  multipliers P mu /\ forall i, In i (hidden P) -> input_cost P mu i = output_cost P mu i.

(* Some term of nonzero cost joins the units, in either direction. *)
Definition joined (P : problem) (i j : nat) : Prop :=
  exists e, In e (terms P) /\ 0 < cost e /\
    ((source e = i /\ target e = j) \/ (source e = j /\ target e = i)).

(* Terms of nonzero cost join the unit to the ground, directly or through others, whatever their direction. *)
Inductive grounded (P : problem) : nat -> Prop :=
| grounded_visible : forall i, ~ In i (hidden P) -> grounded P i
| grounded_joined : forall i j, joined P i j -> grounded P j -> grounded P i.

Definition all_grounded (P : problem) : Prop := forall i, In i (hidden P) -> grounded P i.

(* Balancing unit i: nothing else moves, and i is balanced afterwards. *)
Definition balances (P : problem) (i : nat) (mu mu' : nat -> R) : Prop :=
  (forall k, k <> i -> mu' k = mu k) /\ 0 < mu' i /\ input_cost P mu' i = output_cost P mu' i.

(** Sums *)

Lemma sum_over_ext : forall {T} (l : list T) f g,
  (forall e, In e l -> f e = g e) -> sum_over l f = sum_over l g.
Proof.
  induction l as [|e l IH]; intros f g H; simpl; [reflexivity|].
  rewrite (H e), (IH f g); auto with datatypes.
Qed.

Lemma sum_over_plus : forall {T} (l : list T) f g,
  sum_over l (fun e => f e + g e) = sum_over l f + sum_over l g.
Proof. induction l as [|e l IH]; intros; simpl; [lra|rewrite IH; lra]. Qed.

Lemma sum_over_minus : forall {T} (l : list T) f g,
  sum_over l (fun e => f e - g e) = sum_over l f - sum_over l g.
Proof. induction l as [|e l IH]; intros; simpl; [lra|rewrite IH; lra]. Qed.

Lemma sum_over_scale : forall {T} (l : list T) k f,
  sum_over l (fun e => k * f e) = k * sum_over l f.
Proof. induction l as [|e l IH]; intros; simpl; [lra|rewrite IH; lra]. Qed.

Lemma sum_over_zero : forall {T} (l : list T) f, (forall e, In e l -> f e = 0) -> sum_over l f = 0.
Proof.
  induction l as [|e l IH]; intros f H; simpl; [reflexivity|].
  rewrite (H e), (IH f); auto with datatypes; lra.
Qed.

Lemma sum_over_le : forall {T} (l : list T) f g,
  (forall e, In e l -> f e <= g e) -> sum_over l f <= sum_over l g.
Proof.
  induction l as [|e l IH]; intros f g H; simpl; [lra|].
  apply Rplus_le_compat; auto with datatypes.
Qed.

Lemma sum_over_nonneg : forall {T} (l : list T) f, (forall e, In e l -> 0 <= f e) -> 0 <= sum_over l f.
Proof.
  intros T l f H. rewrite <- (sum_over_zero l (fun _ => 0)) by auto. apply sum_over_le. exact H.
Qed.

Lemma sum_over_member : forall {T} (l : list T) f e,
  (forall e, In e l -> 0 <= f e) -> In e l -> f e <= sum_over l f.
Proof.
  induction l as [|e l IH]; intros f d H Hin; simpl; [contradiction|].
  assert (0 <= sum_over l f) by (apply sum_over_nonneg; auto with datatypes).
  assert (0 <= f e) by auto with datatypes.
  destruct Hin as [->|Hin]; [lra|].
  assert (f d <= sum_over l f) by (apply IH; auto with datatypes). lra.
Qed.

Lemma sum_over_nonneg_zero : forall {T} (l : list T) f,
  (forall e, In e l -> 0 <= f e) -> sum_over l f <= 0 -> forall e, In e l -> f e = 0.
Proof.
  intros T l f H Hs e Hin.
  assert (f e <= sum_over l f) by (apply sum_over_member; assumption).
  assert (0 <= f e) by auto. lra.
Qed.

Lemma sum_over_lt : forall {T} (l : list T) f g e,
  (forall e, In e l -> f e <= g e) -> In e l -> f e < g e -> sum_over l f < sum_over l g.
Proof.
  intros T l f g e H Hin Hlt.
  assert (g e - f e <= sum_over l (fun e => g e - f e)) as Hm.
  { apply (sum_over_member l (fun e => g e - f e)); [|exact Hin]. intros d Hd. specialize (H d Hd). lra. }
  rewrite sum_over_minus in Hm. lra.
Qed.

Lemma sum_over_swap : forall {S T} (k : list S) (l : list T) f,
  sum_over k (fun a => sum_over l (fun b => f a b)) = sum_over l (fun b => sum_over k (fun a => f a b)).
Proof.
  induction k as [|a k IH]; intros l f; simpl.
  - symmetry. apply sum_over_zero. auto.
  - rewrite IH, sum_over_plus. reflexivity.
Qed.

(* Only one summand is not zero. *)
Lemma sum_over_single : forall (l : list nat) d t w,
  NoDup l -> (~ In t l -> d t = 0) -> sum_over l (fun i => d i * (if t =? i then w else 0)) = d t * w.
Proof.
  induction l as [|i l IH]; intros d t w Hn Hz; simpl.
  - rewrite Hz by auto. ring.
  - inversion Hn as [|? ? Hi Hn']; subst. destruct (Nat.eqb_spec t i) as [->|Hne].
    + rewrite sum_over_zero; [ring|]. intros k Hk.
      destruct (Nat.eqb_spec i k) as [->|]; [contradiction|ring].
    + rewrite IH; [ring|assumption|]. intros Hni. apply Hz. simpl. intros [E|E]; [apply Hne; now symmetry|contradiction].
Qed.

(** Logarithms: every multiplier is the exponential of a potential, every cost that of a linear form in the potentials. *)

Definition slope (x : nat -> R) (e : term) : R :=
  target_exponent e * x (target e) - source_exponent e * x (source e).

Definition term_at (x : nat -> R) (e : term) : R := cost e * exp (slope x e).

Definition input (P : problem) (x : nat -> R) (i : nat) : R :=
  sum_over (terms P) (fun e => if enters i e then target_exponent e * term_at x e else 0).

Definition output (P : problem) (x : nat -> R) (i : nat) : R :=
  sum_over (terms P) (fun e => if leaves i e then source_exponent e * term_at x e else 0).

Definition total (P : problem) (x : nat -> R) : R := sum_over (terms P) (term_at x).

Definition potential (P : problem) (x : nat -> R) : Prop := forall i, ~ In i (hidden P) -> x i = 0.

Definition stationary (P : problem) (x : nat -> R) : Prop :=
  potential P x /\ forall i, In i (hidden P) -> input P x i = output P x i.

Definition log_of (mu : nat -> R) (i : nat) : R := ln (mu i).
Definition exp_of (x : nat -> R) (i : nat) : R := exp (x i).

Lemma cost_at_log : forall mu e, cost_at mu e = term_at (log_of mu) e.
Proof.
  intros mu e. unfold cost_at, term_at, slope, Rpower, log_of, Rdiv, Rminus.
  rewrite exp_plus, exp_Ropp. reflexivity.
Qed.

Lemma input_log : forall P mu i, input_cost P mu i = input P (log_of mu) i.
Proof.
  intros. apply sum_over_ext. intros e _. rewrite cost_at_log. reflexivity.
Qed.

Lemma output_log : forall P mu i, output_cost P mu i = output P (log_of mu) i.
Proof.
  intros. apply sum_over_ext. intros e _. rewrite cost_at_log. reflexivity.
Qed.

Lemma regularizer_log : forall P mu, regularizer P mu = total P (log_of mu).
Proof.
  intros. apply sum_over_ext. intros e _. apply cost_at_log.
Qed.

Lemma term_at_ext : forall x y e, (forall i, x i = y i) -> term_at x e = term_at y e.
Proof. intros x y e H. unfold term_at, slope. rewrite !H. reflexivity. Qed.

Lemma input_ext : forall P x y i, (forall i, x i = y i) -> input P x i = input P y i.
Proof. intros. apply sum_over_ext. intros e _. rewrite (term_at_ext x y); auto. Qed.

Lemma output_ext : forall P x y i, (forall i, x i = y i) -> output P x i = output P y i.
Proof. intros. apply sum_over_ext. intros e _. rewrite (term_at_ext x y); auto. Qed.

Lemma total_ext : forall P x y, (forall i, x i = y i) -> total P x = total P y.
Proof. intros. apply sum_over_ext. intros e _. apply term_at_ext; auto. Qed.

Lemma log_exp : forall x i, log_of (exp_of x) i = x i.
Proof. intros. apply ln_exp. Qed.

Lemma multipliers_exp : forall P x, potential P x -> multipliers P (exp_of x).
Proof.
  intros P x H. split; intros i; unfold exp_of; [apply exp_pos|].
  intros Hi. rewrite H by exact Hi. apply exp_0.
Qed.

Lemma potential_log : forall P mu, multipliers P mu -> potential P (log_of mu).
Proof. intros P mu [_ H] i Hi. unfold log_of. rewrite H by exact Hi. apply ln_1. Qed.

Lemma stationary_log : forall P mu, balanced P mu -> stationary P (log_of mu).
Proof.
  intros P mu [H Hb]. split; [apply potential_log; exact H|].
  intros i Hi. rewrite <- input_log, <- output_log. auto.
Qed.

Lemma balanced_exp : forall P x, stationary P x -> balanced P (exp_of x).
Proof.
  intros P x [H Hb]. split; [apply multipliers_exp; exact H|].
  intros i Hi. rewrite input_log, output_log.
  rewrite (input_ext P _ x), (output_ext P _ x) by apply log_exp. auto.
Qed.

Lemma log_le : forall a b, 0 < a -> 0 < b -> (ln a <= ln b <-> a <= b).
Proof.
  intros a b Ha Hb. split; intros H.
  - destruct (Rle_or_lt a b) as [|Hlt]; [assumption|]. apply ln_increasing in Hlt; lra.
  - destruct H as [H| ->]; [left; apply ln_increasing; assumption|lra].
Qed.

Lemma exp_le : forall a b, a <= b -> exp a <= exp b.
Proof. intros a b [H| ->]; [left; apply exp_increasing; exact H|lra]. Qed.

(* On problems of L_p the definitions are the familiar ones. *)
Lemma plain_cost_at : forall P mu e,
  plain P -> (forall i, 0 < mu i) -> In e (terms P) ->
  cost_at mu e = cost e * mu (target e) / mu (source e).
Proof.
  intros P mu e Hp Hpos Hin. destruct (Hp e Hin) as [Hs Ht].
  unfold cost_at. rewrite Hs, Ht, !Rpower_1 by auto. unfold Rdiv. ring.
Qed.

Lemma plain_homogeneous : forall P, plain P -> homogeneous P.
Proof. intros P H e Hin. destruct (H e Hin) as [-> ->]. reflexivity. Qed.

(** Reversal of every term exchanges input and output. *)

Definition reversed_term (e : term) : term :=
  Term (target e) (source e) (cost e) (target_exponent e) (source_exponent e).

Definition reversed (P : problem) : problem := Problem (hidden P) (map reversed_term (terms P)).

Definition negated (x : nat -> R) (i : nat) : R := - x i.

Lemma sum_over_map : forall {S T} (g : S -> T) l f, sum_over (map g l) f = sum_over l (fun e => f (g e)).
Proof. induction l as [|e l IH]; intros; simpl; [reflexivity|rewrite IH; reflexivity]. Qed.

Lemma term_at_reversed : forall x e, term_at (negated x) (reversed_term e) = term_at x e.
Proof.
  intros x e. unfold term_at, slope, negated; simpl. f_equal. f_equal. ring.
Qed.

Lemma input_reversed : forall P x i, input (reversed P) (negated x) i = output P x i.
Proof.
  intros. unfold input, output, reversed. simpl. rewrite sum_over_map.
  apply sum_over_ext. intros e _. rewrite term_at_reversed. reflexivity.
Qed.

Lemma output_reversed : forall P x i, output (reversed P) (negated x) i = input P x i.
Proof.
  intros. unfold input, output, reversed. simpl. rewrite sum_over_map.
  apply sum_over_ext. intros e _. rewrite term_at_reversed. reflexivity.
Qed.

Lemma well_formed_reversed : forall P, well_formed P -> well_formed (reversed P).
Proof.
  intros P [Hn Hw]. split; [exact Hn|]. intros e Hin. simpl in Hin.
  apply in_map_iff in Hin. destruct Hin as (d & <- & Hd).
  destruct (Hw d Hd) as (H1 & H2 & H3 & H4). repeat split; simpl; auto.
  intros E. symmetry. apply H4. now symmetry.
Qed.

Lemma potential_negated : forall P x, potential P x -> potential (reversed P) (negated x).
Proof. intros P x H i Hi. unfold negated. rewrite H by exact Hi. ring. Qed.

Lemma joined_reversed : forall P i j, joined P i j -> joined (reversed P) i j.
Proof.
  intros P i j (e & Hin & Hc & H). exists (reversed_term e). simpl. split; [|split].
  - apply in_map. exact Hin.
  - exact Hc.
  - destruct H as [[H1 H2]|[H1 H2]]; [right|left]; auto.
Qed.

Lemma grounded_reversed : forall P i, grounded P i -> grounded (reversed P) i.
Proof.
  intros P i H. induction H as [i Hi|i j Hj _ IH].
  - apply grounded_visible. exact Hi.
  - apply grounded_joined with j; [apply joined_reversed; exact Hj|exact IH].
Qed.

Lemma all_grounded_reversed : forall P, all_grounded P -> all_grounded (reversed P).
Proof. intros P H i Hi. apply grounded_reversed. apply H. exact Hi. Qed.

Lemma stationary_reversed : forall P x, stationary P x -> stationary (reversed P) (negated x).
Proof.
  intros P x [Hp Hb]. split; [apply potential_negated; exact Hp|].
  intros i Hi. rewrite input_reversed, output_reversed. symmetry. auto.
Qed.

(** Plain problems, written out. *)

Lemma plain_input_cost : forall P mu i,
  plain P -> (forall i, 0 < mu i) ->
  input_cost P mu i = sum_over (terms P) (fun e => if enters i e then cost e * mu (target e) / mu (source e) else 0).
Proof.
  intros P mu i Hp Hpos. apply sum_over_ext. intros e Hin.
  rewrite (plain_cost_at P) by assumption. destruct (Hp e Hin) as [_ ->]. destruct (enters i e); lra.
Qed.

Lemma plain_output_cost : forall P mu i,
  plain P -> (forall i, 0 < mu i) ->
  output_cost P mu i = sum_over (terms P) (fun e => if leaves i e then cost e * mu (target e) / mu (source e) else 0).
Proof.
  intros P mu i Hp Hpos. apply sum_over_ext. intros e Hin.
  rewrite (plain_cost_at P) by assumption. destruct (Hp e Hin) as [-> _]. destruct (leaves i e); lra.
Qed.

Lemma plain_regularizer : forall P mu,
  plain P -> (forall i, 0 < mu i) ->
  regularizer P mu = sum_over (terms P) (fun e => cost e * mu (target e) / mu (source e)).
Proof. intros P mu Hp Hpos. apply sum_over_ext. intros e Hin. apply (plain_cost_at P); assumption. Qed.
