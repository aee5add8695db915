(* min Σ c_e exp(p L_e) over the manifold has, in x = log Λ, the gradient p (A_i - B_i) and as Hessian p² times the Laplacian of the
   graph weighted by the current costs, grounded at the visible units. A step of balancing is a step of Osborne's matrix balancing of the
   coalesced cost matrix.

   For any finite list of terms (general/balancing_problem.v), with the exponents p and p for L_p; input and output are then p A and p B.
   Hessians are given by their quadratic forms. step_of_osborne: with the step of L_p in closed form, units of degree 1. *)

From Coq Require Import Reals List Arith Bool Lra Lia FinFun.
From Synbal Require power_costs.
From Synbal Require Import balancing_problem convexity steps existence.
Import ListNotations.
Open Scope R_scope.

Lemma derivative_of_sum_over :
  forall {T} (l : list T) (f : T -> R -> R) (f' : T -> R) t,
    (forall e, derivable_pt_lim (f e) t (f' e)) -> derivable_pt_lim (fun t => sum_over l (fun e => f e t)) t (sum_over l f').
Proof.
  intros T l f f' t H. induction l as [|e l IH]; simpl; [apply derivable_pt_lim_const|].
  apply (derivable_pt_lim_plus (f e) (fun t => sum_over l (fun e => f e t))); [apply H|exact IH].
Qed.

Lemma derivative_of_term :
  forall x d k e t, derivable_pt_lim (fun t => term_at (added x t d) e * k) t (term_at (added x t d) e * slope d e * k).
Proof.
  intros x d k e t. apply (derivable_pt_lim_scal_right (fun t => term_at (added x t d) e)).
  unfold term_at. rewrite Rmult_assoc. apply (derivable_pt_lim_scal (fun t => exp (slope (added x t d) e))).
  apply (derivable_pt_lim_comp (fun t => slope (added x t d) e) exp); [|apply derivable_pt_lim_exp].
  apply derivable_pt_lim_ext with (fun t => slope x e + t * slope d e); [intros; symmetry; apply slope_added|].
  assert (D := derivable_pt_lim_plus (fct_cte (slope x e)) (fun t => t * slope d e) t 0 (1 * slope d e)
    (derivable_pt_lim_const (slope x e) t) (derivable_pt_lim_scal_right id t 1 (slope d e) (derivable_pt_lim_id t))).
  rewrite Rplus_0_l, Rmult_1_l in D. exact D.
Qed.

(* The derivative of the total along a direction d, as a function of the length t. *)
Definition directional (P : problem) (x d : nat -> R) (t : R) : R :=
  sum_over (terms P) (fun e => term_at (added x t d) e * slope d e).

Lemma added_zero : forall x d e, term_at (added x 0 d) e = term_at x e.
Proof. intros x d e. unfold term_at. rewrite slope_added. f_equal. f_equal. ring. Qed.

Theorem convex_problem :
  forall P x d,
    well_formed P -> potential P x -> potential P d ->
    (* The gradient: its component at unit i is input less output. *)
    derivable_pt_lim (fun t => total P (added x t d)) 0 (sum_over (hidden P) (fun i => d i * (input P x i - output P x i))) /\
    (forall t, derivable_pt_lim (fun t => total P (added x t d)) t (directional P x d t)) /\
    (* The quadratic form of the Hessian: that of the weighted Laplacian, times p² if all exponents are p. *)
    derivable_pt_lim (directional P x d) 0 (sum_over (terms P) (fun e => term_at x e * (slope d e * slope d e))) /\
    (forall p, (forall e, In e (terms P) -> source_exponent e = p /\ target_exponent e = p) ->
       sum_over (terms P) (fun e => term_at x e * (slope d e * slope d e)) =
       p * p * sum_over (terms P) (fun e => term_at x e * ((d (target e) - d (source e)) * (d (target e) - d (source e))))) /\
    (* It is positive if non-zero synapses join every hidden unit to the ground. *)
    0 <= sum_over (terms P) (fun e => term_at x e * (slope d e * slope d e)) /\
    (all_grounded P -> (exists i, d i <> 0) -> 0 < sum_over (terms P) (fun e => term_at x e * (slope d e * slope d e))).
Proof.
  intros P x d Hwf Hx Hd.
  assert (Hfirst : forall t, derivable_pt_lim (fun t => total P (added x t d)) t (directional P x d t)).
  { intros t. unfold directional, total. apply (derivative_of_sum_over (terms P) (fun e t => term_at (added x t d) e)).
    intros e. replace (term_at (added x t d) e * slope d e) with (term_at (added x t d) e * slope d e * 1) by ring.
    apply derivable_pt_lim_ext with (fun t => term_at (added x t d) e * 1); [intros; ring|apply derivative_of_term]. }
  assert (Hnonneg : forall e, In e (terms P) -> 0 <= term_at x e * (slope d e * slope d e)).
  { intros e He. apply Rmult_le_pos; [apply term_at_nonneg; apply Hwf; exact He|apply Rle_0_sqr]. }
  split; [|split; [|split; [|split; [|split]]]].
  - rewrite (pairing P x d Hwf Hd).
    rewrite (sum_over_ext _ _ (fun e => term_at (added x 0 d) e * slope d e)).
    + apply Hfirst.
    + intros e _. rewrite added_zero. reflexivity.
  - exact Hfirst.
  - unfold directional.
    rewrite (sum_over_ext _ _ (fun e => term_at (added x 0 d) e * slope d e * slope d e)).
    + apply (derivative_of_sum_over (terms P) (fun e t => term_at (added x t d) e * slope d e)). intros e. apply derivative_of_term.
    + intros e _. rewrite added_zero. ring.
  - intros p Hp. rewrite <- sum_over_scale. apply sum_over_ext. intros e He. destruct (Hp e He) as (Hs & Ht).
    unfold slope. rewrite Hs, Ht. ring.
  - apply sum_over_nonneg. exact Hnonneg.
  - intros Hg (i & Hi). destruct (Rle_lt_dec (sum_over (terms P) (fun e => term_at x e * (slope d e * slope d e))) 0) as [Hle|Hlt];
      [exfalso|exact Hlt].
    apply Hi. apply (grounded_zero P d); auto; [|apply all_grounded_all; exact Hg].
    intros e He Hc. assert (Hz := sum_over_nonneg_zero _ _ Hnonneg Hle e He). simpl in Hz.
    assert (0 < term_at x e) by (apply term_at_pos; exact Hc). apply Rmult_integral in Hz.
    destruct Hz as [Hz|Hz]; [lra|]. apply Rmult_integral in Hz. tauto.
Qed.

(* Strictly convex: above its tangents, and on one only where no term of non-zero cost differs; where every unit is grounded, at the point
   itself only. *)
Theorem strictly_convex :
  forall P x y,
    well_formed P -> potential P x -> potential P y ->
    let tangent := total P x + sum_over (hidden P) (fun i => (y i - x i) * (input P x i - output P x i)) in
    tangent <= total P y /\
    (total P y <= tangent -> forall e, In e (terms P) -> 0 < cost e -> slope y e = slope x e) /\
    (all_grounded P -> total P y <= tangent -> forall i, x i = y i).
Proof.
  intros P x y Hwf Hx Hy tangent. split; [apply total_above_tangent; assumption|]. split; [apply total_at_tangent; assumption|].
  intros Hg Hle i. assert (Hs := total_at_tangent P x y Hwf Hx Hy Hle).
  assert (H : minus y x i = 0); [|unfold minus in H; lra].
  apply (grounded_zero P); auto; [| |apply all_grounded_all; exact Hg].
  - intros k Hk. unfold minus. rewrite (Hx k Hk), (Hy k Hk). ring.
  - intros e He Hc. rewrite slope_minus, (Hs e He Hc). ring.
Qed.

(* Where the problem comes from: the cost |w|^p of the scaled weight of a synapse between units of degree 1 is the term of cost |w|^p
   and exponents p and p, at the multipliers Λ. *)
Theorem term_of_a_synapse :
  forall p (L : nat -> R) from to w, (forall i, 0 < L i) ->
    power_costs.cost p (L to * w / L from) = cost_at L (Term from to (power_costs.cost p w) p p).
Proof.
  intros p L from to w HL. unfold cost_at. simpl.
  replace (L to * w / L from) with (L to * (w / L from)) by (unfold Rdiv; ring).
  rewrite power_costs.cost_multiple, power_costs.cost_quotient, Rpower_Ropp by apply HL. unfold Rdiv. ring.
Qed.

(** A step of balancing is a step of matrix balancing, of the coalesced cost matrix. *)

(* Nodes: 0 is the ground (all visible units together), S i the hidden unit i. *)
Definition node (P : problem) (i : nat) : nat := if in_dec Nat.eq_dec i (hidden P) then S i else O.
Definition nodes (P : problem) : list nat := O :: map S (hidden P).
Definition matrix (P : problem) (mu : nat -> R) (a b : nat) : R :=
  sum_over (terms P) (fun e => if (node P (source e) =? a)%nat && (node P (target e) =? b)%nat then cost_at mu e else 0).

(* Osborne 1960: the node's row and column, without the diagonal, are made equal by a diagonal similarity. *)
Definition row_norm (l : list nat) (M : nat -> nat -> R) (a : nat) : R := sum_over l (fun b => if (b =? a)%nat then 0 else M a b).
Definition column_norm (l : list nat) (M : nat -> nat -> R) (a : nat) : R := sum_over l (fun b => if (b =? a)%nat then 0 else M b a).
Definition osborne (l : list nat) (M : nat -> nat -> R) (k a b : nat) : R :=
  let f := sqrt (row_norm l M k / column_norm l M k) in
  M a b * (if (b =? k)%nat then f else 1) / (if (a =? k)%nat then f else 1).

Lemma nodes_nodup : forall P, well_formed P -> NoDup (nodes P).
Proof.
  intros P [Hn _]. constructor.
  - intros H. apply in_map_iff in H. destruct H as (x & E & _). discriminate.
  - apply FinFun.Injective_map_NoDup; [|exact Hn]. intros x y E. now injection E.
Qed.

Lemma node_in : forall P i, In (node P i) (nodes P).
Proof. intros P i. unfold node, nodes. destruct (in_dec Nat.eq_dec i (hidden P)) as [H|H]; [right; apply in_map; exact H|left; reflexivity]. Qed.

Lemma node_eq : forall P i j, In i (hidden P) -> (node P j =? S i)%nat = (j =? i)%nat.
Proof.
  intros P i j Hi. unfold node. destruct (in_dec Nat.eq_dec j (hidden P)) as [H|H]; [reflexivity|].
  destruct (Nat.eqb_spec j i) as [->|]; [contradiction|reflexivity].
Qed.

Lemma norms : forall P mu i, well_formed P -> plain P -> In i (hidden P) ->
  column_norm (nodes P) (matrix P mu) (S i) = input_cost P mu i /\ row_norm (nodes P) (matrix P mu) (S i) = output_cost P mu i.
Proof.
  intros P mu i Hwf Hp Hi.
  assert (Hsum : forall (end1 end2 : term -> nat) ,
    sum_over (nodes P) (fun b => if (b =? S i)%nat then 0 else
      sum_over (terms P) (fun e => if (node P (end1 e) =? b)%nat && (node P (end2 e) =? S i)%nat then cost_at mu e else 0)) =
    sum_over (terms P) (fun e => if (end2 e =? i)%nat && negb (end1 e =? i)%nat then cost_at mu e else 0)).
  { intros end1 end2.
    rewrite (sum_over_ext _ _ (fun b => sum_over (terms P) (fun e =>
      (if (b =? S i)%nat then 0 else 1) * (if (node P (end1 e) =? b)%nat then (if (end2 e =? i)%nat then cost_at mu e else 0) else 0)))).
    - rewrite sum_over_swap. apply sum_over_ext. intros e _.
      rewrite (sum_over_single (nodes P) (fun b => if (b =? S i)%nat then 0 else 1)); [|apply nodes_nodup; exact Hwf|intros H; exfalso; apply H; apply node_in].
      rewrite node_eq by exact Hi. destruct (end1 e =? i)%nat, (end2 e =? i)%nat; simpl; ring.
    - intros b _. destruct (Nat.eqb_spec b (S i)) as [->|Hb].
      + symmetry. apply sum_over_zero. intros e _. ring.
      + apply sum_over_ext. intros e _. rewrite (node_eq P i (end2 e) Hi).
        destruct (node P (end1 e) =? b)%nat, (end2 e =? i)%nat; simpl; ring. }
  split; unfold column_norm, row_norm, matrix, input_cost, output_cost.
  - rewrite Hsum. apply sum_over_ext. intros e He. unfold enters. rewrite (proj2 (Hp e He)).
    destruct ((target e =? i)%nat && negb (source e =? i)%nat); ring.
  - rewrite (sum_over_ext _ _ (fun b => if (b =? S i)%nat then 0 else
      sum_over (terms P) (fun e => if (node P (target e) =? b)%nat && (node P (source e) =? S i)%nat then cost_at mu e else 0))).
    + rewrite Hsum. apply sum_over_ext. intros e He. unfold leaves. rewrite (proj1 (Hp e He)).
      destruct ((source e =? i)%nat && negb (target e =? i)%nat); ring.
    + intros b _. destruct (b =? S i)%nat; [reflexivity|]. apply sum_over_ext. intros e _. rewrite andb_comm. reflexivity.
Qed.

Theorem step_of_osborne : forall P mu i, well_formed P -> plain P -> In i (hidden P) -> (forall k, 0 < mu k) ->
  0 < input_cost P mu i -> 0 < output_cost P mu i ->
  forall a b, matrix P (balanced_at P i mu) a b = osborne (nodes P) (matrix P mu) (S i) a b.
Proof.
  intros P mu i Hwf Hp Hi Hmu HA HB a b. unfold osborne. destruct (norms P mu i Hwf Hp Hi) as (-> & ->).
  pose (f := sqrt (output_cost P mu i / input_cost P mu i)). fold f.
  assert (Hf : 0 < f) by (apply sqrt_lt_R0; apply Rdiv_lt_0_compat; assumption).
  assert (Hpos : forall k, 0 < balanced_at P i mu k).
  { intros k. unfold balanced_at. fold f. destruct (k =? i)%nat; [apply Rmult_lt_0_compat; auto|auto]. }
  unfold matrix, Rdiv. rewrite Rmult_assoc, Rmult_comm, <- sum_over_scale. apply sum_over_ext. intros e He.
  rewrite !(plain_cost_at P) by assumption.
  destruct (Nat.eqb_spec (node P (source e)) a) as [<-|]; [|simpl; ring].
  destruct (Nat.eqb_spec (node P (target e)) b) as [<-|]; [|simpl; ring]. simpl.
  rewrite !node_eq by exact Hi. unfold balanced_at. fold f.
  assert (H1 := Hmu (source e)). assert (H2 := Hmu i).
  destruct (Nat.eqb_spec (target e) i) as [->|], (Nat.eqb_spec (source e) i) as [->|]; field; repeat split; lra.
Qed.
