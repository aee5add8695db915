(* Gradient flow on E alone conserves Σ_IN w² - Σ_OUT w² of every hidden unit.

   Corrected: Gradient flow on E alone conserves Σ_IN w² - Σ_OUT w² of every hidden BiLU unit; in recurrent networks with initial
   state 0, or with learned initial states counted among the incoming weights. For a BiPU of degree c,
   Σ_IN w² + (1-c) Σ_SELF w² - c Σ_OUT w² is conserved. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums calculus activations networks gradients learning.
Open Scope R_scope.

Definition square (x : R) : R := x * x.

Lemma derivative_of_square_along_flow :
  forall (w : R -> nat -> R) (g : nat -> R) k t,
    derivable_pt_lim (fun t => w t k) t (- g k) ->
    derivable_pt_lim (fun t => square (w t k)) t (-2 * (w t k * g k)).
Proof.
  intros w g k t H. replace (-2 * (w t k * g k)) with (- g k * w t k + w t k * - g k) by ring.
  apply (derivable_pt_lim_mult (fun t => w t k) (fun t => w t k)); exact H.
Qed.

Lemma derivative_of_squares_along_flow :
  forall m chosen (w : R -> nat -> R) (g : nat -> R) t,
    (forall k, (k < m)%nat -> derivable_pt_lim (fun t => w t k) t (- g k)) ->
    derivable_pt_lim (fun t => sum_where m chosen (fun k => square (w t k))) t
      (-2 * sum_where m chosen (fun k => w t k * g k)).
Proof.
  intros m chosen w g t H. unfold sum_where. rewrite <- sum_scale.
  apply (derivative_of_sum m (fun k t => if chosen k then square (w t k) else 0)). intros k Hk.
  destruct (chosen k).
  - apply derivative_of_square_along_flow. auto.
  - rewrite Rmult_0_r. apply derivable_pt_lim_const.
Qed.

Lemma constant_on_interval :
  forall f a b, (forall t, a <= t <= b -> derivable_pt_lim f t 0) -> forall t, a <= t <= b -> f t = f a.
Proof.
  intros f a b H.
  set (pr := fun t (Ht : a < t < b) =>
    exist _ 0 (H t (conj (Rlt_le _ _ (proj1 Ht)) (Rlt_le _ _ (proj2 Ht)))) : derivable_pt f t).
  apply (null_derivative_loc f a b pr).
  - intros t Ht. apply derivable_continuous_pt. exists 0. exact (H t Ht).
  - intros t Ht. reflexivity.
Qed.

(* During the times from a to b the weights follow the flow, and the loss is differentiable at them. *)
Theorem flow_conservation :
  forall n is_source act m from to c i loss x initial (w g : R -> nat -> R) a b,
    (i < n)%nat -> is_source i = false -> homogeneous c (act i) -> blind_to n i loss ->
    (forall s, initial s i = 0) ->
    (forall t, a <= t <= b ->
       gradient m (objective n is_source act m from to loss x initial) (w t) (g t) /\
       forall k, (k < m)%nat -> derivable_pt_lim (fun t => w t k) t (- g t k)) ->
    let conserved := fun v : nat -> R =>
      sum_where m (incoming from to i) (fun k => square (v k)) +
      (1 - c) * sum_where m (own from to i) (fun k => square (v k)) -
      c * sum_where m (outgoing from to i) (fun k => square (v k)) in
    forall t, a <= t <= b -> conserved (w t) = conserved (w a).
Proof.
  intros n is_source act m from to c i loss x initial w g a b Hi Hsource Hhom Hblind Hinitial Hflow conserved.
  apply (constant_on_interval (fun t => conserved (w t))). intros t Ht. destruct (Hflow t Ht) as (Hgradient & Hderivative).
  assert (H := objective_euler n is_source act m from to c i loss x initial (w t) (g t) Hi Hsource Hhom
    Hblind Hinitial Hgradient).
  unfold conserved.
  replace 0 with (-2 * sum_where m (incoming from to i) (fun k => w t k * g t k) +
    (1 - c) * (-2 * sum_where m (own from to i) (fun k => w t k * g t k)) -
    c * (-2 * sum_where m (outgoing from to i) (fun k => w t k * g t k))) by lra.
  apply (derivable_pt_lim_minus
    (fun t => sum_where m (incoming from to i) (fun k => square (w t k)) +
      (1 - c) * sum_where m (own from to i) (fun k => square (w t k)))
    (fun t => c * sum_where m (outgoing from to i) (fun k => square (w t k)))).
  - apply (derivable_pt_lim_plus
      (fun t => sum_where m (incoming from to i) (fun k => square (w t k)))
      (fun t => (1 - c) * sum_where m (own from to i) (fun k => square (w t k)))).
    + apply derivative_of_squares_along_flow. exact Hderivative.
    + apply derivable_pt_lim_scal. apply derivative_of_squares_along_flow. exact Hderivative.
  - apply derivable_pt_lim_scal. apply derivative_of_squares_along_flow. exact Hderivative.
Qed.

(* A BiLU: Σ_IN w² - Σ_OUT w². *)
Theorem flow_conservation_bilu :
  forall n is_source act m from to i loss x initial (w g : R -> nat -> R) a b,
    (i < n)%nat -> is_source i = false -> is_bilu (act i) -> blind_to n i loss ->
    (forall s, initial s i = 0) ->
    (forall t, a <= t <= b ->
       gradient m (objective n is_source act m from to loss x initial) (w t) (g t) /\
       forall k, (k < m)%nat -> derivable_pt_lim (fun t => w t k) t (- g t k)) ->
    let conserved := fun v : nat -> R =>
      sum_where m (incoming from to i) (fun k => square (v k)) - sum_where m (outgoing from to i) (fun k => square (v k)) in
    forall t, a <= t <= b -> conserved (w t) = conserved (w a).
Proof.
  intros n is_source act m from to i loss x initial w g a b Hi Hsource Hbilu Hblind Hinitial Hflow conserved t Ht.
  assert (H := flow_conservation n is_source act m from to 1 i loss x initial w g a b Hi Hsource
    (bilu_degree_one _ Hbilu) Hblind Hinitial Hflow t Ht).
  unfold conserved. simpl in H. lra.
Qed.

(* With learned initial states, the weights from w m on, that of the unit among its incoming weights. *)
Theorem flow_conservation_learned_initial_states :
  forall n is_source act m from to i loss x (w g : R -> nat -> R) a b,
    (i < n)%nat -> is_source i = false -> is_bilu (act i) -> blind_to n i loss ->
    (forall t, a <= t <= b ->
       gradient (m + n) (objective_learned n is_source act m from to loss x) (w t) (g t) /\
       forall k, (k < m + n)%nat -> derivable_pt_lim (fun t => w t k) t (- g t k)) ->
    let conserved := fun v : nat -> R =>
      sum_where m (incoming from to i) (fun k => square (v k)) + square (v (m + i)%nat) -
      sum_where m (outgoing from to i) (fun k => square (v k)) in
    forall t, a <= t <= b -> conserved (w t) = conserved (w a).
Proof.
  intros n is_source act m from to i loss x w g a b Hi Hsource Hbilu Hblind Hflow conserved.
  apply (constant_on_interval (fun t => conserved (w t))). intros t Ht. destruct (Hflow t Ht) as (Hgradient & Hderivative).
  assert (H := objective_learned_euler n is_source act m from to 1 i loss x (w t) (g t) Hi Hsource (bilu_degree_one _ Hbilu)
    Hblind Hgradient).
  unfold conserved.
  replace 0 with (-2 * sum_where m (incoming from to i) (fun k => w t k * g t k) +
    -2 * (w t (m + i)%nat * g t (m + i)%nat) -
    -2 * sum_where m (outgoing from to i) (fun k => w t k * g t k)) by lra.
  apply (derivable_pt_lim_minus
    (fun t => sum_where m (incoming from to i) (fun k => square (w t k)) + square (w t (m + i)%nat))
    (fun t => sum_where m (outgoing from to i) (fun k => square (w t k)))).
  - apply (derivable_pt_lim_plus
      (fun t => sum_where m (incoming from to i) (fun k => square (w t k))) (fun t => square (w t (m + i)%nat))).
    + apply derivative_of_squares_along_flow. intros k Hk. apply Hderivative. lia.
    + apply (derivative_of_square_along_flow w (g t) (m + i)). apply Hderivative. lia.
  - apply derivative_of_squares_along_flow. intros k Hk. apply Hderivative. lia.
Qed.

(* Tied BiLUs and shared weights: over the weights into and out of the group. *)
Theorem flow_conservation_tied :
  forall n is_source act m from to share group q source_group target_group e loss x initial (v g : R -> nat -> R) a b,
    (forall k, (k < m)%nat -> group (from k) = source_group (share k)) ->
    (forall k, (k < m)%nat -> group (to k) = target_group (share k)) ->
    (forall i, group i = e -> is_source i = false /\ is_bilu (act i)) -> blind_to_group n group e loss ->
    (forall s i, group i = e -> initial s i = 0) ->
    (forall t, a <= t <= b ->
       gradient q (objective_tied n is_source act m from to share loss x initial) (v t) (g t) /\
       forall s, (s < q)%nat -> derivable_pt_lim (fun t => v t s) t (- g t s)) ->
    let conserved := fun v : nat -> R =>
      sum_where q (incoming source_group target_group e) (fun s => square (v s)) -
      sum_where q (outgoing source_group target_group e) (fun s => square (v s)) in
    forall t, a <= t <= b -> conserved (v t) = conserved (v a).
Proof.
  intros n is_source act m from to share group q source_group target_group e loss x initial v g a b
    Hfrom Hto Hgroup Hblind Hinitial Hflow conserved.
  apply (constant_on_interval (fun t => conserved (v t))). intros t Ht. destruct (Hflow t Ht) as (Hgradient & Hderivative).
  assert (H := objective_tied_euler n is_source act m from to share group q source_group target_group Hfrom Hto e loss x initial
    (v t) (g t) Hgroup Hblind Hinitial Hgradient).
  unfold conserved.
  replace 0 with (-2 * sum_where q (incoming source_group target_group e) (fun s => v t s * g t s) -
    -2 * sum_where q (outgoing source_group target_group e) (fun s => v t s * g t s)) by lra.
  apply (derivable_pt_lim_minus
    (fun t => sum_where q (incoming source_group target_group e) (fun s => square (v t s)))
    (fun t => sum_where q (outgoing source_group target_group e) (fun s => square (v t s))));
    apply derivative_of_squares_along_flow; exact Hderivative.
Qed.
