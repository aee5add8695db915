(* A layered network without biases whose layers cost C_1, ..., C_N has, after optimal tied scaling, every layer costing
   (Π C_k)^(1/N).

   Layers are numbered from 0 to N - 1; mu k is the multiplier of the costs of the k-th layer of units, 1 on the input units (k = 0) and
   the output units (k = N). Biases of the first hidden layer come from a visible unit and count in the cost of layer 0. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums power_costs.
Open Scope R_scope.

Fixpoint product (n : nat) (f : nat -> R) : R :=
  match n with
  | O => 1
  | S m => product m f * f m
  end.

Lemma product_pos : forall n f, (forall k, (k < n)%nat -> 0 < f k) -> 0 < product n f.
Proof.
  induction n as [|n IH]; intros f H; simpl; [lra|]. apply Rmult_lt_0_compat; [apply IH; auto|auto].
Qed.

Lemma ln_product : forall n f, (forall k, (k < n)%nat -> 0 < f k) -> ln (product n f) = sum n (fun k => ln (f k)).
Proof.
  induction n as [|n IH]; intros f H; simpl; [apply ln_1|].
  rewrite ln_mult, IH; auto. apply product_pos. auto.
Qed.

(* What layer k costs once the units are scaled. *)
Definition layer_cost (C mu : nat -> R) (k : nat) : R := C k * (mu (S k) / mu k).

Definition tied_multipliers (N : nat) (mu : nat -> R) : Prop :=
  (forall k, (k <= N)%nat -> 0 < mu k) /\ mu 0%nat = 1 /\ mu N = 1.

Lemma ln_tangent : forall t G, 0 < t -> 0 < G -> G * (1 + (ln t - ln G)) <= t /\ (G * (1 + (ln t - ln G)) = t -> t = G).
Proof.
  intros t G Ht HG.
  assert (Hexp : t = G * exp (ln t - ln G)).
  { unfold Rminus. rewrite exp_plus, exp_Ropp, !exp_ln by assumption. field. lra. }
  split.
  - rewrite Hexp at 2. apply Rmult_le_compat_l; [lra|]. apply exp_ineq1_le.
  - intros H. destruct (Req_dec (ln t - ln G) 0) as [Hz|Hz].
    + apply ln_inv; lra.
    + assert (Hs := exp_ineq1 _ Hz). rewrite Hexp in H at 2. apply Rmult_eq_reg_l in H; lra.
Qed.

Lemma sum_of_ln_layer_costs :
  forall n C mu, (forall k, (k <= n)%nat -> 0 < mu k) -> (forall k, (k < n)%nat -> 0 < C k) ->
    sum n (fun k => ln (layer_cost C mu k)) = sum n (fun k => ln (C k)) + (ln (mu n) - ln (mu 0%nat)).
Proof.
  induction n as [|n IH]; intros C mu Hmu HC; simpl; [ring|].
  rewrite IH by auto. unfold layer_cost, Rdiv.
  assert (0 < mu n) by auto. assert (0 < mu (S n)) by auto. assert (0 < / mu n) by (apply Rinv_0_lt_compat; assumption).
  rewrite !ln_mult, ln_Rinv; auto; [ring|]. apply Rmult_lt_0_compat; assumption.
Qed.

Lemma sum_equal_terms : forall n f g, (forall k, (k < n)%nat -> f k <= g k) -> sum n f = sum n g -> forall k, (k < n)%nat -> f k = g k.
Proof.
  intros n f g Hle Hsum k Hk. destruct (Hle k Hk) as [Hlt|]; [|assumption].
  assert (H := sum_lt n f g k Hle Hk Hlt). lra.
Qed.

Theorem tied_closed_form :
  forall N C, (0 < N)%nat -> (forall k, (k < N)%nat -> 0 < C k) ->
    let G := Rpower (product N C) (/ INR N) in
    (* No tied scaling costs less than N G in all, and one that costs that much has every layer at G. *)
    (forall mu, tied_multipliers N mu ->
       INR N * G <= sum N (layer_cost C mu) /\
       (sum N (layer_cost C mu) = INR N * G <-> forall k, (k < N)%nat -> layer_cost C mu k = G)) /\
    (* There is one. *)
    (exists mu, tied_multipliers N mu /\ forall k, (k < N)%nat -> layer_cost C mu k = G).
Proof.
  intros N C HN HC G.
  assert (HNpos : 0 < INR N) by (apply lt_0_INR; exact HN).
  assert (HG : 0 < G) by apply exp_pos.
  assert (HlnG : INR N * ln G = sum N (fun k => ln (C k))).
  { unfold G, Rpower. rewrite ln_exp, ln_product by exact HC. field. lra. }
  assert (Hconst : forall x, sum N (fun _ => x) = INR N * x).
  { intros x. clear. induction N as [|N IH]; [simpl; ring|]. rewrite S_INR. simpl sum. rewrite IH. ring. }
  split.
  - intros mu (Hpos & Hfirst & Hlast).
    assert (Hcost : forall k, (k < N)%nat -> 0 < layer_cost C mu k).
    { intros k Hk. unfold layer_cost. apply Rmult_lt_0_compat; [auto|]. apply Rdiv_lt_0_compat; apply Hpos; lia. }
    set (below := fun k => G * (1 + (ln (layer_cost C mu k) - ln G))).
    assert (Hle : forall k, (k < N)%nat -> below k <= layer_cost C mu k) by (intros k Hk; apply ln_tangent; auto).
    assert (Hbelow : sum N below = INR N * G).
    { unfold below. rewrite sum_scale, sum_plus, sum_minus, sum_of_ln_layer_costs, !Hconst, Hfirst, Hlast, ln_1 by auto.
      rewrite <- HlnG. ring. }
    split; [rewrite <- Hbelow; apply sum_le; exact Hle|]. split.
    + intros Hsum k Hk. apply (ln_tangent (layer_cost C mu k) G); [auto|exact HG|].
      apply (sum_equal_terms N below (layer_cost C mu)); [exact Hle|lra|exact Hk].
    + intros H. rewrite (sum_ext N _ (fun _ => G)) by exact H. apply Hconst.
  - set (mu := fun k => exp (INR k * ln G - sum k (fun j => ln (C j)))).
    exists mu. split; [split; [intros; apply exp_pos|split]|].
    + unfold mu. simpl. rewrite Rmult_0_l, Rminus_0_r. apply exp_0.
    + unfold mu. rewrite HlnG. unfold Rminus. rewrite Rplus_opp_r. apply exp_0.
    + intros k Hk. unfold layer_cost, mu, Rdiv. rewrite <- exp_Ropp, <- exp_plus, S_INR. simpl sum.
      rewrite <- (exp_ln (C k)) at 1 by auto. rewrite <- exp_plus. transitivity (exp (ln G)); [f_equal; ring|apply exp_ln; exact HG].
Qed.

(* Where this comes from: under L_p a layer of any number of weights, whose units have the multiplier a and read units of the multiplier b,
   costs a^p / b^p times as much as before. *)
Theorem cost_of_a_scaled_layer :
  forall p n w a b, 0 < a -> 0 < b ->
    total_cost p n (fun k => a * (w k / b)) = total_cost p n w * (Rpower a p / Rpower b p).
Proof.
  intros p n w a b Ha Hb. rewrite (total_cost_multiple p n (fun k => w k / b) a Ha), (total_cost_quotient p n w b Hb).
  rewrite Rpower_Ropp. unfold Rdiv. ring.
Qed.
