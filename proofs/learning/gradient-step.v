(* A step of size η changes Σ_IN w² - Σ_OUT w² by exactly η² (Σ_IN (∂E/∂w)² - Σ_OUT (∂E/∂w)²).

   Corrected: A step of size η changes Σ_IN w² - Σ_OUT w² by exactly η² (Σ_IN (∂E/∂w)² - Σ_OUT (∂E/∂w)²); in recurrent networks with
   initial state 0, or with learned initial states counted among the incoming weights. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums activations networks gradients learning.
Open Scope R_scope.

Definition square (x : R) : R := x * x.

Lemma step_of_sum :
  forall m chosen (w g : nat -> R) eta,
    sum_where m chosen (fun k => square (w k - eta * g k)) =
    sum_where m chosen (fun k => square (w k)) - 2 * eta * sum_where m chosen (fun k => w k * g k) +
    eta * eta * sum_where m chosen (fun k => square (g k)).
Proof.
  intros m chosen w g eta. unfold sum_where. rewrite <- !sum_scale, <- sum_minus, <- sum_plus. apply sum_ext.
  intros k _. unfold square. destruct (chosen k); ring.
Qed.

(* A BiLU i whose initial state is 0 (so too in a network without cycles), at weights where the loss is differentiable. *)
Theorem gradient_step :
  forall n is_source act m from to i loss x initial w g eta,
    (i < n)%nat -> is_source i = false -> is_bilu (act i) -> blind_to n i loss ->
    (forall s, initial s i = 0) ->
    gradient m (objective n is_source act m from to loss x initial) w g ->
    let difference := fun v : nat -> R =>
      sum_where m (incoming from to i) (fun k => square (v k)) - sum_where m (outgoing from to i) (fun k => square (v k)) in
    difference (fun k => w k - eta * g k) - difference w = eta * eta * difference g.
Proof.
  intros n is_source act m from to i loss x initial w g eta Hi Hsource Hbilu Hblind Hinitial Hgradient difference.
  assert (H := objective_euler n is_source act m from to 1 i loss x initial w g Hi Hsource (bilu_degree_one _ Hbilu)
    Hblind Hinitial Hgradient).
  unfold difference. rewrite !step_of_sum.
  replace (sum_where m (incoming from to i) (fun k => w k * g k))
    with (sum_where m (outgoing from to i) (fun k => w k * g k)) by lra.
  ring.
Qed.

(* With learned initial states, the weights from w m on: that of the unit counts among its incoming weights. *)
Theorem gradient_step_learned_initial_states :
  forall n is_source act m from to i loss x w g eta,
    (i < n)%nat -> is_source i = false -> is_bilu (act i) -> blind_to n i loss ->
    gradient (m + n) (objective_learned n is_source act m from to loss x) w g ->
    let difference := fun v : nat -> R =>
      sum_where m (incoming from to i) (fun k => square (v k)) + square (v (m + i)%nat) -
      sum_where m (outgoing from to i) (fun k => square (v k)) in
    difference (fun k => w k - eta * g k) - difference w = eta * eta * difference g.
Proof.
  intros n is_source act m from to i loss x w g eta Hi Hsource Hbilu Hblind Hgradient difference.
  assert (H := objective_learned_euler n is_source act m from to 1 i loss x w g Hi Hsource (bilu_degree_one _ Hbilu)
    Hblind Hgradient).
  unfold difference. rewrite !step_of_sum.
  replace (sum_where m (outgoing from to i) (fun k => w k * g k))
    with (sum_where m (incoming from to i) (fun k => w k * g k) + w (m + i)%nat * g (m + i)%nat) by lra.
  unfold square. ring.
Qed.

(* Tied BiLUs and shared weights: over the weights into and out of the group. *)
Theorem gradient_step_tied :
  forall n is_source act m from to share group q source_group target_group a loss x initial v g eta,
    (forall k, (k < m)%nat -> group (from k) = source_group (share k)) ->
    (forall k, (k < m)%nat -> group (to k) = target_group (share k)) ->
    (forall i, group i = a -> is_source i = false /\ is_bilu (act i)) -> blind_to_group n group a loss ->
    (forall s i, group i = a -> initial s i = 0) ->
    gradient q (objective_tied n is_source act m from to share loss x initial) v g ->
    let difference := fun v : nat -> R =>
      sum_where q (incoming source_group target_group a) (fun s => square (v s)) -
      sum_where q (outgoing source_group target_group a) (fun s => square (v s)) in
    difference (fun s => v s - eta * g s) - difference v = eta * eta * difference g.
Proof.
  intros n is_source act m from to share group q source_group target_group a loss x initial v g eta
    Hfrom Hto Hgroup Hblind Hinitial Hgradient difference.
  assert (H := objective_tied_euler n is_source act m from to share group q source_group target_group Hfrom Hto a loss x initial v g
    Hgroup Hblind Hinitial Hgradient).
  unfold difference. rewrite !step_of_sum, H. ring.
Qed.
