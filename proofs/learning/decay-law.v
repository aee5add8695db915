(* Under the gradient flow on E + λ Σ w² the difference D = Σ_IN w² - Σ_OUT w² of every hidden unit is e^(-4λt) times what it was, whatever
   the loss. One step of size η makes it (1-2ηλ)² D + η² G, G being the difference of squared derivatives of E.

   Units are BiLUs; self-connections count on neither side. The loss is any function of the other units' values, differentiable in the
   weights along the flow, and before the step; initial states are 0. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums calculus activations networks gradients learning flow_conservation.
Open Scope R_scope.

Theorem decay_law :
  forall n is_source act m from to i loss x initial lam (w g : R -> nat -> R) a b,
    (i < n)%nat -> is_source i = false -> is_bilu (act i) -> blind_to n i loss ->
    (forall s, initial s i = 0) ->
    (forall t, a <= t <= b ->
       gradient m (objective n is_source act m from to loss x initial) (w t) (g t) /\
       forall k, (k < m)%nat -> derivable_pt_lim (fun t => w t k) t (- (g t k + 2 * lam * w t k))) ->
    let difference := fun v : nat -> R =>
      sum_where m (incoming from to i) (fun k => square (v k)) - sum_where m (outgoing from to i) (fun k => square (v k)) in
    forall t, a <= t <= b -> difference (w t) = exp (- (4 * lam) * (t - a)) * difference (w a).
Proof.
  intros n is_source act m from to i loss x initial lam w g a b Hi Hs Hb Hblind H0 Hflow difference t Ht.
  set (f := fun t => exp (4 * lam * (t - a)) * difference (w t)).
  assert (Hf : f t = f a).
  { apply (constant_on_interval f a b); [|exact Ht]. intros s Hst. destruct (Hflow s Hst) as (Hg & Hw).
    assert (Heuler := objective_euler n is_source act m from to 1 i loss x initial (w s) (g s) Hi Hs
      (bilu_degree_one _ Hb) Hblind H0 Hg).
    assert (Hd : derivable_pt_lim (fun t => difference (w t)) s (- (4 * lam) * difference (w s))).
    { unfold difference.
      set (h := fun k => g s k + 2 * lam * w s k).
      assert (D1 := derivative_of_squares_along_flow m (incoming from to i) w h s Hw).
      assert (D2 := derivative_of_squares_along_flow m (outgoing from to i) w h s Hw).
      assert (D := derivable_pt_lim_minus _ _ _ _ _ D1 D2).
      replace (- (4 * lam) * (sum_where m (incoming from to i) (fun k => square (w s k)) - sum_where m (outgoing from to i) (fun k => square (w s k))))
        with (-2 * sum_where m (incoming from to i) (fun k => w s k * h k) - -2 * sum_where m (outgoing from to i) (fun k => w s k * h k)); [exact D|].
      assert (Split : forall chosen, sum_where m chosen (fun k => w s k * h k) =
        sum_where m chosen (fun k => w s k * g s k) + 2 * lam * sum_where m chosen (fun k => square (w s k))).
      { intros chosen. unfold sum_where. rewrite <- sum_scale, <- sum_plus. apply sum_ext. intros k _.
        unfold h, square. destruct (chosen k); ring. }
      rewrite !Split. lra. }
    assert (He : derivable_pt_lim (fun t => exp (4 * lam * (t - a))) s (4 * lam * exp (4 * lam * (s - a)))).
    { replace (4 * lam * exp (4 * lam * (s - a))) with (exp (4 * lam * (s - a)) * (4 * lam)) by ring.
      apply (derivable_pt_lim_comp (fun t => 4 * lam * (t - a)) exp); [|apply derivable_pt_lim_exp].
      assert (L : derivable_pt_lim (fun t => 4 * lam * (t - a)) s (4 * lam * (1 - 0))).
      { apply (derivable_pt_lim_scal (fun t => t - a)). apply (derivable_pt_lim_minus (fun t => t) (fct_cte a));
          [apply derivable_pt_lim_id|apply derivable_pt_lim_const]. }
      rewrite Rminus_0_r, Rmult_1_r in L. exact L. }
    assert (P := derivable_pt_lim_mult _ _ _ _ _ He Hd). unfold f.
    replace 0 with (4 * lam * exp (4 * lam * (s - a)) * difference (w s) + exp (4 * lam * (s - a)) * (- (4 * lam) * difference (w s))) by ring.
    exact P. }
  unfold f in Hf. replace (4 * lam * (a - a)) with 0 in Hf by ring. rewrite exp_0, Rmult_1_l in Hf.
  rewrite <- Hf, <- Rmult_assoc, <- exp_plus.
  replace (- (4 * lam) * (t - a) + 4 * lam * (t - a)) with 0 by ring. rewrite exp_0. ring.
Qed.

(* One step of size eta with weight decay. *)
Theorem decay_in_a_step :
  forall n is_source act m from to i loss x initial w g eta lam,
    (i < n)%nat -> is_source i = false -> is_bilu (act i) -> blind_to n i loss ->
    (forall s, initial s i = 0) ->
    gradient m (objective n is_source act m from to loss x initial) w g ->
    let difference := fun v : nat -> R =>
      sum_where m (incoming from to i) (fun k => square (v k)) - sum_where m (outgoing from to i) (fun k => square (v k)) in
    difference (fun k => w k - eta * (g k + 2 * lam * w k)) =
    (1 - 2 * eta * lam) * (1 - 2 * eta * lam) * difference w + eta * eta * difference g.
Proof.
  intros n is_source act m from to i loss x initial w g eta lam Hi Hs Hb Hblind H0 Hg difference.
  assert (Heuler := objective_euler n is_source act m from to 1 i loss x initial w g Hi Hs (bilu_degree_one _ Hb) Hblind H0 Hg).
  unfold difference.
  assert (Split : forall chosen, sum_where m chosen (fun k => square (w k - eta * (g k + 2 * lam * w k))) =
    (1 - 2 * eta * lam) * (1 - 2 * eta * lam) * sum_where m chosen (fun k => square (w k)) +
    - (2 * eta * (1 - 2 * eta * lam)) * sum_where m chosen (fun k => w k * g k) +
    eta * eta * sum_where m chosen (fun k => square (g k))).
  { intros chosen. unfold sum_where. rewrite <- !sum_scale, <- !sum_plus. apply sum_ext. intros k _.
    unfold square. destruct (chosen k); ring. }
  rewrite !Split.
  assert (E : sum_where m (incoming from to i) (fun k => w k * g k) = sum_where m (outgoing from to i) (fun k => w k * g k)) by lra.
  rewrite E. ring.
Qed.
