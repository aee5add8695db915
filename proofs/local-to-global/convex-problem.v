(* min Σ c_e exp(p L_e) over the manifold has, in x = log Λ, the gradient p (A_i - B_i) and as Hessian p² times the Laplacian of the
   graph weighted by the current costs, grounded at the visible units. A step of balancing is a step of Osborne's matrix balancing of the
   coalesced cost matrix.

   For any finite list of terms (general/balancing_problem.v), with the exponents p and p for L_p; input and output are then p A and p B.
   Hessians are given by their quadratic forms. *)

From Coq Require Import Reals List Arith Lra Lia.
From Synbal Require power_costs.
From Synbal Require Import balancing_problem convexity existence.
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
